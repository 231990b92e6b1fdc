import { dollars, whole } from '../../text.ts'
import { columns } from './columns.ts'
import type { Explored } from './figures.ts'
import { Change } from './groups.tsx'
import { rate } from './words.ts'

interface TotalsProps {
  readonly found: Explored
  readonly earlier: Explored | undefined
  readonly what: string
  readonly before: string
}

const tiles = [
  { ...columns.calls, isCost: false },
  { ...columns.errors, isCost: true },
  { ...columns.p50, name: 'Median', isCost: true },
  { ...columns.p95, isCost: true },
  { ...columns.tokens, isCost: false, say: (value: number) => rate(value) },
  { ...columns.cost, isCost: true, say: (value: number) => (value === 0 ? '$0' : dollars(value)) },
  { ...columns.events, isCost: false, say: whole },
] as const

/** What it all came to, and how that moved. */
export function Totals({ found, earlier, what, before }: TotalsProps) {
  // Beside nothing all is new: that is no news.
  const compared = earlier !== undefined && earlier.total.calls + earlier.total.events > 0 ? earlier.total : undefined
  return (
    <dl className="flex flex-wrap gap-px overflow-hidden rounded-lg border border-line bg-line" title={`Changes are against ${before}`}>
      {tiles.map(({ name, of, say, isCost }) => {
        const value = of(found.total)
        return (
          <div key={name} className="grow basis-28 bg-panel px-4 py-2.5">
            <dt className="text-xs text-faint">{name === 'Calls' ? what : name}</dt>
            <dd className="flex flex-col whitespace-nowrap [&>span+span]:ml-0 [&>span+span]:text-left">
              <span className={`text-lg font-semibold tabular-nums ${name === 'Failed' && (value ?? 0) > 0 ? 'text-bad' : ''}`}>
                {value === null ? '–' : say(value)}
              </span>
              {compared !== undefined && <Change now={value} before={of(compared)} isCost={isCost} say={say} />}
            </dd>
          </div>
        )
      })}
    </dl>
  )
}
