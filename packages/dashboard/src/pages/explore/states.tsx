import { useShown, useTable } from '../../live/live.ts'
import { NoAgents } from '../../parts/empty.tsx'
import { dateTime, visible } from '../../text.ts'
import { presets } from './span.ts'

const places = ['totals', 'calls', 'durations', 'failed', 'latency'] as const

export function Loading() {
  return (
    <div role="status" className="mx-auto grid max-w-[1600px] grid-cols-2 gap-3 max-lg:grid-cols-1">
      <span className="sr-only">Reading the figures …</span>
      {places.map((place) => (
        <div
          key={place}
          className={`breathe rounded-lg border border-line bg-panel ${place === 'totals' ? 'col-span-full h-16' : 'h-52'}`}
        />
      ))}
    </div>
  )
}

export function Problem({ error, shows, retry }: { readonly error: Error; readonly shows: boolean; readonly retry: () => void }) {
  return (
    <p role="alert" className="border-b border-line px-4 py-1.5 text-bad">
      The figures could not be read: {visible(error.message)}. {shows && 'What is shown is older. '}
      <button type="button" onClick={retry} className="text-accent hover:underline">
        Try again
      </button>
    </p>
  )
}

interface NothingProps {
  readonly isBrushed: boolean
  readonly reset: () => void
  readonly filtered: boolean
  readonly clear: () => void
  readonly preset: string
  readonly choose: (name: string) => void
  readonly brush: (from: number, to: number) => void
}

export function Nothing({ isBrushed, reset, filtered, clear, preset, choose, brush }: NothingProps) {
  const { store, at } = useShown()
  const agents = useTable('agents')
  if (store.ready() && agents.length === 0 && at === undefined) return <NoAgents />
  const longer = presets[presets.findIndex(({ name }) => name === preset) + 1]
  const newest = agents.reduce((time, { lastSeenAt }) => Math.max(time, lastSeenAt), 0)
  const oldest = agents.reduce((time, { firstSeenAt }) => Math.min(time, firstSeenAt), newest)
  const action = 'text-accent hover:underline'
  return (
    <div className="mx-auto mt-16 max-w-xl text-center text-soft">
      <p className="text-base text-ink">Nothing ended in this time.</p>
      {newest > 0 && (
        <p className="mt-2">
          This fleet was seen from {dateTime(oldest).slice(0, 16)} to {dateTime(newest).slice(0, 16)}.{' '}
          <button type="button" className={action} onClick={() => brush(oldest, newest + 1)}>
            Show all of it
          </button>
        </p>
      )}
      <p className="mt-2">
        {filtered && (
          <button type="button" className={action} onClick={clear}>
            Clear the filters
          </button>
        )}
        {filtered && (isBrushed || longer !== undefined) && ' or '}
        {isBrushed ? (
          <button type="button" className={action} onClick={reset}>
            back to the usual time
          </button>
        ) : (
          longer !== undefined && (
            <button type="button" className={action} onClick={() => choose(longer.name)}>
              look at the last {longer.about}
            </button>
          )
        )}
      </p>
    </div>
  )
}
