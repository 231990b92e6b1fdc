import { heldKey } from '../live/key.ts'
import { whole } from '../text.ts'
import { Copy } from './copy.tsx'

/** A manager that gives two workers a task each, at the time it is pasted. A server with keys wants one that may send. */
const example = () => `now=$(date -u +%FT%TZ)
curl '${location.origin}/v1/events' -H 'content-type: application/json'${heldKey() === undefined ? '' : ' -H "authorization: Bearer $SIGNALBOX_KEY"'} -d '[
 {"source":"me","type":"agent.started","time":"'$now'","agent":"lead","run":"first","data":{"role":"manager","name":"Lead"}},
 {"source":"me","type":"task.assigned","time":"'$now'","agent":"lead","run":"first","task":"docs","data":{"to":"worker-1","title":"Write the docs"}},
 {"source":"me","type":"task.started","time":"'$now'","agent":"worker-1","run":"first","task":"docs"},
 {"source":"me","type":"task.assigned","time":"'$now'","agent":"lead","run":"first","task":"test","data":{"to":"worker-2","title":"Test the build"}},
 {"source":"me","type":"task.input_required","time":"'$now'","agent":"worker-2","run":"first","task":"test"}]'`
const replay = () =>
  `npm run -s signalbox -- import --format gastown --speed 300x${location.port === '4400' ? '' : ` \\\n  --url '${location.origin}'`} <folder>`

function Command({ text }: { readonly text: string }) {
  return (
    <div className="flex items-start gap-2 rounded-md border border-line bg-raised p-3">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what is wider than its box is scrolled by keys too */}
      <pre tabIndex={0} className="min-w-0 flex-1 overflow-auto pb-1 font-mono text-xs">
        {text}
      </pre>
      <Copy name="copy" text={() => text} />
    </div>
  )
}

export function NoAgents() {
  return (
    <div className="mx-auto mt-12 max-w-3xl px-6">
      <h2 className="text-xl font-semibold">Nobody is working yet</h2>
      <p className="mb-6 mt-2 text-soft">
        This page is live: the moment an agent reports, it appears here. Paste this into a terminal to see a manager and two workers:
      </p>
      <Command text={example()} />
      <p className="mb-2 mt-6 text-soft">
        Or import a recorded fleet, from the folder you name, and watch it work three hundred times as fast as it did:
      </p>
      <Command text={replay()} />
    </div>
  )
}

export function NoMatches({ all, filters, clear }: { readonly all: number; readonly filters: number; readonly clear: () => void }) {
  return (
    <p className="mx-auto mt-16 text-center text-soft">
      0 of {whole(all)} match.{' '}
      <button type="button" className="text-accent hover:underline" onClick={clear}>
        {filters === 1 ? 'Clear the filter' : `Clear ${filters} filters`}
      </button>
    </p>
  )
}
