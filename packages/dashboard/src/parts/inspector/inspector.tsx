import { Copy } from '../copy.tsx'
import { AgentDetail } from './agent.tsx'
import { CallDetail } from './call.tsx'
import { EventDetail } from './event.tsx'
import { RunDetail } from './run.tsx'
import { TaskDetail } from './task.tsx'
import { Separator, useWidth } from './width.tsx'

/** What is selected, as it stands in the URL: `agent:id`, `run:id`, `event:id`, `task:` and `call:` with the key of their row. */
export function Inspector({ selected, close }: { readonly selected: string; readonly close: () => void }) {
  const kind = selected.slice(0, selected.indexOf(':'))
  const id = selected.slice(kind.length + 1)
  const Detail = { run: RunDetail, agent: AgentDetail, task: TaskDetail, call: CallDetail, event: EventDetail }[kind]
  const { width, set } = useWidth()
  return (
    <aside
      aria-label="Inspector"
      className="relative flex shrink-0 flex-col border-l border-line bg-panel max-md:!w-full"
      style={{ width }}
    >
      <Separator width={width} set={set} />
      <header className="flex items-center gap-2 border-b border-line px-4 py-2">
        <h2 className="mr-auto text-xs font-medium uppercase tracking-wide text-faint">{Detail === undefined ? 'unknown' : kind}</h2>
        <Copy name="copy link" text={() => location.href} />
        <button type="button" onClick={close} className="rounded px-2 py-0.5 text-faint hover:bg-raised max-md:py-1.5 hover:text-ink">
          <span aria-hidden="true">
            <span className="max-md:hidden">esc </span>✕
          </span>
          <span className="sr-only">Close inspector</span>
        </button>
      </header>
      <div className="min-h-0 flex-1 overflow-y-auto overflow-x-hidden p-4">
        {Detail === undefined ? (
          <p className="text-faint">This link selects nothing that the page knows.</p>
        ) : (
          <Detail key={selected} id={id} />
        )}
      </div>
    </aside>
  )
}
