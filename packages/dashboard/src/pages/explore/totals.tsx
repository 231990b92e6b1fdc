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
    <dl
      className="grid grid-cols-7 divide-x divide-line rounded-lg border border-line bg-panel max-lg:grid-cols-4 max-md:grid-cols-2"
      title={`Changes are against ${before}`}
    >
      {tiles.map(({ name, of, say, isCost }) => {
        const value = of(found.total)
        return (
          <div key={name} className="px-4 py-2.5">
            <dt className="text-xs text-faint">{name === 'Calls' ? what : name}</dt>
            <dd className="flex items-baseline gap-1 whitespace-nowrap">
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
