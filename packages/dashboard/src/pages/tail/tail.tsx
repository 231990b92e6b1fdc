/** The live tail: every event of the fleet as it is stored, asked for in a small language. */
import { useCallback, useEffect, useRef, useState } from 'react'
import { useBindings } from '../../keys.ts'
import { shownNow, useShown } from '../../live/live.ts'
import { Toggle } from '../../parts/controls.tsx'
import { usePause } from '../../pause.ts'
import { useSearch } from '../../search.ts'
import { visible } from '../../text.ts'
import { useAsked } from './asked.ts'
import { saveLines } from './export.ts'
import { type Intake, openIntake } from './intake.ts'
import { useKnown } from './known.ts'
import { Lines } from './lines.tsx'
import { MarkBox } from './marks.tsx'
import { hasMode, withMode } from './mode.ts'
import { QueryBox } from './query-box.tsx'
import { Saved } from './saved.tsx'
import { sinces } from './since.ts'
import { Strip } from './strip.tsx'

/** While one moves through the past each moment is not another question. */
const settleMs = 250

function useSettled(at: number | undefined): number | undefined {
  const [settled, setSettled] = useState(at)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(at), settleMs)
    return () => clearTimeout(timer)
  }, [at])
  // To and from live at once.
  return at === undefined || settled === undefined ? at : settled
}

export function Tail() {
  const [search, setSearch] = useSearch()
  const { paused, toggle } = usePause()
  const asked = useAsked()
  const at = useSettled(useShown((shown) => shown.at))
  const key = JSON.stringify([asked.server, at])
  const [intake, setIntake] = useState<Intake>()
  const [back, setBack] = useState(0)
  const server = useRef(asked.server)
  server.current = asked.server
  useEffect(() => {
    void [key, back]
    const made = openIntake(server.current, at, () => setBack((times) => times + 1))
    setIntake(made)
    return () => made.close()
  }, [key, at, back])
  const [problem, setProblem] = useState<string>()
  useEffect(() => intake?.watch(() => setProblem(intake.problem())), [intake])

  const query = useRef<HTMLInputElement>(null)
  const mark = useRef<HTMLInputElement>(null)
  const known = useKnown(useCallback(() => intake?.view.all() ?? [], [intake]))
  const mode = (name: 'wrap' | 'ago') => {
    const on = !hasMode(search.mode, name)
    return { on: !on, press: () => setSearch({ mode: withMode(search.mode, name, on) }) }
  }
  const wrap = mode('wrap')
  useBindings([
    { keys: '/', about: 'Filter events', run: () => query.current?.focus() },
    { keys: 'h', about: 'Highlight a term', run: () => mark.current?.focus() },
    { keys: 'w', about: 'Wrap long lines', run: wrap.press },
    { keys: 'x', about: 'Errors only', run: () => setSearch({ errors: !search.errors }) },
  ])
  const isPast = at !== undefined
  return (
    <section aria-label="Live tail" className="flex min-w-0 flex-1 flex-col">
      <div className="flex items-start gap-2 px-4 pb-1.5 pt-2.5 max-md:px-3">
        <QueryBox box={query} asked={asked} known={known} />
        <Saved />
      </div>
      <div className="border-b border-line px-4 pb-2 max-md:px-3">
        <div className="sideways flex flex-wrap items-center gap-2">
          {!isPast && (
            <Toggle on={paused} press={toggle}>
              {paused ? 'resume (space)' : 'pause (space)'}
            </Toggle>
          )}
          <Toggle on={search.errors} press={() => setSearch({ errors: !search.errors })}>
            errors only
          </Toggle>
          <label className="flex items-center gap-1.5 text-faint">
            since
            <select
              value={search.since}
              onChange={({ target }) => setSearch({ since: target.value })}
              className="rounded-md border border-line bg-panel px-1.5 py-1 text-soft max-md:py-1.5"
            >
              <option value="">{isPast ? 'then' : 'now'}</option>
              {sinces.map((since) => (
                <option key={since} value={since}>
                  {since} {isPast ? 'before' : 'ago'}
                </option>
              ))}
            </select>
          </label>
          <MarkBox box={mark} />
          <span className="ml-auto flex gap-2">
            <Toggle {...wrap}>wrap</Toggle>
            <Toggle {...mode('ago')}>time ago</Toggle>
            <button
              type="button"
              onClick={() => intake !== undefined && saveLines(intake.view.lines())}
              className="rounded-md border border-line bg-panel px-2.5 py-1 text-soft hover:text-ink max-md:py-1.5"
            >
              export
            </button>
          </span>
        </div>
      </div>
      {problem !== undefined && (
        <p role="alert" className="border-b border-line px-4 py-1.5 text-bad">
          {visible(problem)}
        </p>
      )}
      {intake === undefined ? (
        <p className="flex-1 p-8 text-center text-soft">Reading the newest events …</p>
      ) : (
        <>
          <Lines key={key} intake={intake} asked={asked} paused={paused && !isPast} resume={toggle} now={shownNow} />
          <Strip intake={intake} asked={asked} paused={paused && !isPast} isPast={isPast} />
        </>
      )}
    </section>
  )
}
