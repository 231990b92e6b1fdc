import { Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import { store, useNow, useTable } from '../../live/live.ts'
import { NoAgents } from '../../parts/empty.tsx'
import { inkOf } from '../../parts/status.tsx'
import { age, compact, dateTime, dollars, visible, whole } from '../../text.ts'

const looks = { running: ['▶', 'busy'], finished: ['✓', 'good'], failed: ['✕', 'bad'] } as const
const figure = 'text-right tabular-nums'
/** On a narrow screen some columns give way. */
const columns = [
  { name: 'Run', place: '' },
  { name: 'State', place: '' },
  { name: 'Started', place: 'tabular-nums max-md:hidden' },
  { name: 'Took', place: figure },
  { name: 'Agents', place: `${figure} max-md:hidden` },
  { name: 'Tasks', place: `${figure} max-md:hidden` },
  { name: 'Tokens', place: `${figure} max-md:hidden` },
  { name: 'Cost', place: `${figure} max-md:hidden` },
]
/** Rows shown; older runs are reached by their address. */
const most = 500

export function Runs() {
  const runs = useTable('runs')
  const now = useNow()
  const newest = useMemo(() => [...runs].sort((a, b) => b.startedAt - a.startedAt || a.id.localeCompare(b.id)).slice(0, most), [runs])
  if (runs.length === 0) return <section className="flex-1 overflow-auto">{store.ready() && <NoAgents />}</section>
  return (
    <section aria-label="Runs" className="min-w-0 flex-1 overflow-auto">
      <table className="w-full border-collapse">
        <thead className="sticky top-0 bg-page text-left text-xs text-faint">
          <tr className="border-b border-line">
            {columns.map(({ name, place }) => (
              <th key={name} className={`whitespace-nowrap px-4 py-2 font-medium ${place}`}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {newest.map((run) => {
            const [sign, tone] = looks[run.state]
            const done = run.tasks.completed
            const all = Object.values(run.tasks).reduce((a, b) => a + b, 0)
            return (
              <tr key={run.id} className="border-b border-line/60 hover:bg-raised">
                <td className="w-full max-w-0 truncate px-4 py-2" title={visible(run.name?.value ?? run.id)}>
                  <Link to="/runs/$run" params={{ run: run.id }} className="font-medium text-ink hover:text-accent">
                    {visible(run.name?.value ?? run.id)}
                  </Link>
                  {run.synthetic && <span className="ml-2 rounded bg-raised px-1.5 text-xs text-faint">made-up pace</span>}
                </td>
                {[
                  <span key="state" className={inkOf(tone)}>
                    <span aria-hidden="true" className="mr-1.5 text-[10px]">
                      {sign}
                    </span>
                    {run.state}
                  </span>,
                  <span key="started" className="text-soft">
                    {dateTime(run.startedAt).slice(0, 19)}
                  </span>,
                  <span key="took" className="text-soft">
                    {age((run.finishedAt ?? (run.state === 'running' ? now : run.lastEventAt)) - run.startedAt)}
                  </span>,
                  whole(run.agents.length),
                  `${whole(done)} / ${whole(all)}`,
                  compact(run.totals.inputTokens + run.totals.outputTokens),
                  dollars(run.totals.costMicros),
                ].map((cell, at) => (
                  <td key={columns[at + 1]?.name} className={`whitespace-nowrap px-4 ${columns[at + 1]?.place}`}>
                    {cell}
                  </td>
                ))}
              </tr>
            )
          })}
        </tbody>
      </table>
      {runs.length > most && (
        <p className="px-4 py-3 text-xs text-faint">
          The newest {whole(most)} of {whole(runs.length)} runs. Ctrl/⌘ K finds the others by name.
        </p>
      )}
    </section>
  )
}
