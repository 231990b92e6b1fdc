import { Copy } from '../copy.tsx'
import { AgentDetail } from './agent.tsx'
import { CallDetail } from './call.tsx'
import { EventDetail } from './event.tsx'
import { TaskDetail } from './task.tsx'

/** What is selected, as it stands in the URL: `agent:id`, `event:id`, `task:` and `call:` with the key of their row. */
export function Inspector({ selected, close }: { readonly selected: string; readonly close: () => void }) {
  const kind = selected.slice(0, selected.indexOf(':'))
  const id = selected.slice(kind.length + 1)
  const Detail = { agent: AgentDetail, task: TaskDetail, call: CallDetail, event: EventDetail }[kind]
  return (
    <aside aria-label="Inspector" className="flex w-96 shrink-0 flex-col overflow-hidden border-l border-line bg-panel">
      <header className="flex items-center gap-2 border-b border-line px-4 py-2">
        <h2 className="mr-auto text-xs font-medium uppercase tracking-wide text-faint">{Detail === undefined ? 'unknown' : kind}</h2>
        <Copy name="copy link" text={() => location.href} />
        <button type="button" onClick={close} className="rounded px-2 py-0.5 text-faint hover:bg-raised hover:text-ink">
          <span aria-hidden="true">esc ✕</span>
          <span className="sr-only">Close inspector</span>
        </button>
      </header>
      <div className="flex-1 overflow-auto p-4">
        {Detail === undefined ? (
          <p className="text-faint">This link selects nothing that the page knows.</p>
        ) : (
          <Detail key={selected} id={id} />
        )}
      </div>
    </aside>
  )
}
