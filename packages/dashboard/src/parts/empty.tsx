import { Copy } from './copy.tsx'

const example = `curl -X POST ${location.origin}/v1/events -H 'content-type: application/json' -d '{"source":"me","type":"agent.started","time":"${new Date().toISOString()}","agent":"worker-1","run":"first","data":{"role":"worker","name":"Worker 1"}}'`
const replay = 'npm run -s signalbox -- import --format gastown <folder of the data> --speed 300x'

function Command({ text }: { readonly text: string }) {
  return (
    <div className="flex items-start gap-2 rounded-md border border-line bg-raised p-3">
      <code className="min-w-0 flex-1 break-all font-mono text-xs">{text}</code>
      <Copy name="copy" text={() => text} />
    </div>
  )
}

export function NoAgents() {
  return (
    <div className="mx-auto mt-20 max-w-2xl px-6">
      <h2 className="text-xl font-semibold">Nobody is working yet</h2>
      <p className="mb-6 mt-2 text-soft">
        This page is live: the moment an agent reports, it appears here. Send one event from a terminal:
      </p>
      <Command text={example} />
      <p className="mb-2 mt-6 text-soft">Or replay a recorded fleet and watch managers and workers move:</p>
      <Command text={replay} />
    </div>
  )
}

export function NoMatches({ shown, all, clear }: { readonly shown: number; readonly all: number; readonly clear: () => void }) {
  return (
    <p className="mx-auto mt-16 text-center text-soft">
      {shown} of {all} match.{' '}
      <button type="button" className="text-accent hover:underline" onClick={clear}>
        Clear the filters
      </button>
    </p>
  )
}
