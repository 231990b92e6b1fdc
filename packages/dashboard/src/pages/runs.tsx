import { Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import { store, useNow, useTable } from '../live/live.ts'
import { NoAgents } from '../parts/empty.tsx'
import { inkOf } from '../parts/status.tsx'
import { age, compact, dateTime, dollars, visible } from '../text.ts'

const looks = { running: ['▶', 'busy'], finished: ['✓', 'good'], failed: ['✕', 'bad'] } as const
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
            {['Run', 'State', 'Started', 'Took', 'Agents', 'Tasks', 'Tokens', 'Cost'].map((name, i) => (
              <th key={name} className={`px-4 py-2 font-medium ${i >= 4 ? 'text-right' : ''}`}>
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
                <td className="max-w-md px-4 py-2">
                  <Link to="/runs/$run" params={{ run: run.id }} className="font-medium text-ink hover:text-accent">
                    {visible(run.name?.value ?? run.id)}
                  </Link>
                  {run.synthetic && <span className="ml-2 rounded bg-raised px-1.5 text-xs text-faint">made-up pace</span>}
                </td>
                <td className={`px-4 ${inkOf(tone)}`}>
                  {sign} {run.state}
                </td>
                <td className="px-4 text-soft">{dateTime(run.startedAt).slice(0, 19)}</td>
                <td className="px-4 text-soft">
                  {age((run.finishedAt ?? (run.state === 'running' ? now : run.lastEventAt)) - run.startedAt)}
                </td>
                <td className="px-4 text-right">{run.agents.length}</td>
                <td className="px-4 text-right">
                  {done} / {all}
                </td>
                <td className="px-4 text-right">{compact(run.totals.inputTokens + run.totals.outputTokens)}</td>
                <td className="px-4 text-right">{dollars(run.totals.costMicros)}</td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </section>
  )
}
