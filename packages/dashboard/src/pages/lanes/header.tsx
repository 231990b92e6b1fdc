import { type RunRow, taskStates } from '@signalbox/model/rows.ts'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { RunScreens } from '../../frame/screens.tsx'
import { useShownRun } from '../../live/run.ts'
import { Figure } from '../../parts/controls.tsx'
import { MoreThanShown } from '../../parts/more-than-shown.tsx'
import { Badge } from '../../parts/status.tsx'
import { age, compact, dateTime, dollars, visible } from '../../text.ts'

const looks = {
  running: { tone: 'busy', sign: '▶', words: 'running' },
  finished: { tone: 'good', sign: '✓', words: 'finished' },
  failed: { tone: 'bad', sign: '✕', words: 'failed' },
} as const

interface HeaderProps {
  readonly run: RunRow
  readonly contradicted: number
  readonly now: number
  /** It says that it runs, and nothing was heard of it for long. */
  readonly quiet: boolean
  readonly children: ReactNode
}

export function Header(props: HeaderProps) {
  const store = useShownRun(({ store }) => store)
  return (
    <>
      <About {...props} />
      {store !== undefined && <MoreThanShown ofRun={store} />}
    </>
  )
}

function About({ run, contradicted, now, quiet, children }: HeaderProps) {
  const { totals, tasks } = run
  const all = taskStates.reduce((sum, state) => sum + tasks[state], 0)
  const end = run.state === 'running' && !quiet ? now : (run.finishedAt ?? run.lastEventAt)
  return (
    <header className="flex flex-col gap-1.5 border-b border-line px-4 py-2.5 max-md:px-3 max-md:py-2">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1.5 max-md:gap-x-2">
        <h2 className="min-w-0 truncate text-base font-semibold max-md:basis-full" title={visible(run.id)}>
          {visible(run.name?.value ?? run.id)}
        </h2>
        <Badge look={looks[run.state]} />
        {quiet && <span className="whitespace-nowrap text-xs text-wait">nothing heard since {dateTime(run.lastEventAt).slice(0, 19)}</span>}
        {run.synthetic && (
          <span
            className="shrink-0 rounded bg-raised px-1.5 text-xs text-faint max-md:hidden"
            title="Its times are made up: by an import of a recording without any, or by a demonstration."
          >
            made-up pace
          </span>
        )}
        <RunScreens />
        <span className="sideways ml-auto flex flex-wrap items-center gap-2 max-md:ml-auto">{children}</span>
      </div>
      <div className="sideways flex flex-wrap items-baseline gap-x-5 gap-y-1 max-md:gap-x-4">
        <Figure name="took" value={age(end - run.startedAt)} />
        <Figure name="agents" value={String(run.agents.length)} />
        <Figure name="tasks done" value={`${tasks.completed} / ${all}`} />
        {tasks.failed + tasks.rejected > 0 && <Figure name="failed" value={String(tasks.failed + tasks.rejected)} tone="text-bad" />}
        {contradicted > 0 && <Figure name="contradicted" value={String(contradicted)} tone="text-wait" />}
        <Figure name="tokens in / out" value={`${compact(totals.inputTokens)} / ${compact(totals.outputTokens)}`} />
        <Figure name="cost" value={dollars(totals.costMicros)} />
        <Figure name={totals.errors === 1 ? 'error' : 'errors'} value={String(totals.errors)} tone={totals.errors > 0 ? 'text-bad' : ''} />
        <span className="ml-auto whitespace-nowrap text-xs text-faint max-md:ml-0" title={new Date(run.startedAt).toISOString()}>
          started {dateTime(run.startedAt).slice(0, 19)} ·{' '}
          <Link to="/tail" search={{ run: run.id } as never} className="text-accent underline">
            events
          </Link>
        </span>
      </div>
      {run.error !== undefined && <p className="line-clamp-2 break-words text-bad">{visible(run.error.slice(0, 1_000))}</p>}
    </header>
  )
}
