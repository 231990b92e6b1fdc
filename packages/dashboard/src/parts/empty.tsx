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
/** Where it is not where the command line looks by itself. */
const here = () => (location.port === '4400' ? '' : ` --url '${location.origin}'`)
const demo = () => `npm run -s signalbox -- demo${here()}`
const recording = () => `npm run -s signalbox -- import --format gastown --speed 300x${here()} <folder>`

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
      <p className="mb-4 mt-2 text-soft">
        This page is live: the moment an agent reports, it appears here. To see a fleet at work, start a made-up one in a second terminal:
      </p>
      <Command text={demo()} />
      <p className="mb-2 mt-6 text-soft">Or paste this, a manager and two workers, and change it to what your agents do:</p>
      <Command text={example()} />
      <p className="mb-2 mt-6 text-soft">Or import a recording, and watch it three hundred times as fast as it was:</p>
      <Command text={recording()} />
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
