/** Rates, errors, durations, tokens and cost over time. A brush of any chart is the time of all of them, and goes along to other screens. */
import { useMemo, useRef } from 'react'
import { useBindings } from '../../keys.ts'
import { serverNow } from '../../live/live.ts'
import { usePause } from '../../pause.ts'
import { useSearch } from '../../search.ts'
import { whole } from '../../text.ts'
import { Charts } from './charts.tsx'
import { Controls } from './controls.tsx'
import { filterNames, splitOf } from './figures.ts'
import { Groups } from './groups.tsx'
import { stepsOf } from './series.ts'
import { presets } from './span.ts'
import { Loading, Nothing, Problem } from './states.tsx'
import { Totals } from './totals.tsx'
import { useFigures } from './use-figures.ts'
import { useSpan } from './use-span.ts'

const counted = { llm: 'Model calls', tool: 'Tool calls', task: 'Tasks' } as const

export function Explore() {
  const [search, setSearch] = useSearch()
  const { paused } = usePause()
  const { span, at, brush, reset, choose, preset, isBrushed } = useSpan()
  const split = splitOf(search)
  const { data: found, error, isPlaceholderData, refetch, dataUpdatedAt } = useFigures(search, span, { paused })
  const compares = search.mode === 'compare'
  const { data: earlier } = useFigures(search, span, { paused, earlier: true })
  const first = useRef<HTMLButtonElement>(null)
  const stepPreset = (by: 1 | -1) => {
    const next = presets[presets.findIndex(({ name }) => name === preset) + by]
    if (next !== undefined) choose(next.name)
  }
  useBindings([
    { keys: 'f', about: 'Figures: back to the whole time', run: reset },
    { keys: 'x', about: 'Errors only', run: () => setSearch({ errors: !search.errors }) },
    { keys: 'c', about: 'Figures: compare with the time before', run: () => setSearch({ mode: compares ? '' : 'compare' }) },
    { keys: '+', about: 'Figures: a longer time', run: () => stepPreset(1) },
    { keys: '-', about: 'Figures: a shorter time', run: () => stepPreset(-1) },
    { keys: '/', about: 'Figures: to the choices', run: () => first.current?.focus() },
  ])
  const steps = useMemo(() => {
    void dataUpdatedAt
    return found === undefined ? undefined : stepsOf(found, Math.min(at ?? Number.POSITIVE_INFINITY, serverNow()))
  }, [found, at, dataUpdatedAt])
  const isEmpty = found !== undefined && found.total.calls + found.total.events === 0
  const what = split === 'type' ? 'Events' : (counted[search.type as keyof typeof counted] ?? 'Calls')
  const filtered = split !== 'type' && filterNames.some((name) => search[name] !== '')
  return (
    <section aria-label="Explore" className="flex min-w-0 flex-1 flex-col">
      <Controls split={split} found={found} first={first} />
      {error !== null && <Problem error={error} shows={found !== undefined} retry={() => void refetch()} />}
      {found?.complete === false && (
        <p role="status" className="border-b border-line bg-wait/10 px-4 py-1.5 text-wait">
          {whole(found.behindEvents)} events are stored and not counted yet: these figures will grow.
        </p>
      )}
      <section
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls by keys too
        tabIndex={0}
        aria-label="Figures"
        aria-busy={isPlaceholderData}
        className={`min-h-0 flex-1 overflow-y-auto p-4 ${isPlaceholderData ? 'opacity-60 transition-opacity delay-150' : ''}`}
      >
        {found === undefined && error === null && <Loading />}
        {isEmpty && (
          <Nothing
            isBrushed={isBrushed}
            reset={reset}
            filtered={filtered}
            clear={() => setSearch(Object.fromEntries(filterNames.map((name) => [name, ''])))}
            choose={choose}
            brush={brush}
            preset={preset}
          />
        )}
        {found !== undefined && steps !== undefined && !isEmpty && (
          <div className="mx-auto flex max-w-[1600px] flex-col gap-3">
            {split !== 'type' && <Totals found={found} earlier={earlier} what={what} before="as long a time before" />}
            <Charts found={found} split={split} steps={steps} what={what} brush={brush} reset={reset} />
            {split !== 'none' && <Groups split={split} found={found} earlier={compares ? earlier : undefined} />}
          </div>
        )}
      </section>
    </section>
  )
}
