import { type ReactNode, type Ref, useMemo } from 'react'
import { Toggle } from '../../parts/controls.tsx'
import { FilterBox } from '../../parts/filter-box.tsx'
import { agentLook, inkOf } from '../../parts/status.tsx'
import type { FleetRate } from '../../rates/rates.ts'
import type { Search } from '../../search.ts'
import { compact, dollars, whole } from '../../text.ts'
import { type Status, statuses } from './agent.ts'
import { densities } from './density.ts'
import { exactly } from './filter.ts'
import { type Grouping, groupings } from './order.ts'
import { firstSorting, parseSorting, sortableColumns } from './sort.ts'
import type { Totals } from './totals.ts'

interface BarProps {
  readonly totals: Totals
  /** Against a minute ago, once that is known. */
  readonly change: Totals | undefined
  readonly rate: FleetRate | undefined
  readonly search: Search
  readonly setSearch: (change: Partial<Search>) => void
  readonly grouping: Grouping
  readonly paused: boolean
  readonly togglePause: () => void
  readonly filterBox: Ref<HTMLInputElement>
}

/** The fleet's totals, each status a filter, and how it is shown. */
export function Bar({ totals, change, rate, search, setSearch, grouping, paused, togglePause, filterBox }: BarProps) {
  const isTable = search.view === 'table'
  const sorting = parseSorting(search.sort)
  const orders = useMemo(() => {
    const now = parseSorting(search.sort)
    const others = sortableColumns.filter((column) => column !== now?.column).map(firstSorting)
    return now === undefined ? others : [search.sort, ...others]
  }, [search.sort])
  return (
    <div className="flex flex-wrap items-center gap-x-5 gap-y-2 border-b border-line px-4 py-2 max-md:gap-x-3 max-md:px-3">
      <Total name="agents" value={whole(totals.agents)} change={change?.agents} />
      <fieldset
        aria-label="Only agents that are"
        className="sideways flex flex-wrap gap-1 [--room:2px] max-md:min-w-0 max-md:flex-1 max-md:basis-0"
      >
        {statuses.map((status) => (
          <StatusCount
            key={status}
            status={status}
            count={totals.of[status]}
            change={change?.of[status]}
            on={search.status === status}
            press={() => setSearch({ status: search.status === status ? '' : status })}
          />
        ))}
      </fieldset>
      <div className="flex flex-wrap gap-x-5 max-md:gap-x-3">
        {rate !== undefined && (
          <Total
            name="events/s"
            value={rate.eventsPerSecond < 10 ? rate.eventsPerSecond.toFixed(1) : compact(Math.round(rate.eventsPerSecond))}
          />
        )}
        <Total name="tokens" value={compact(totals.tokens)} beside={rate && `${compact(rate.tokensPerMinute)}/min`} />
        <Total name="cost" value={dollars(totals.cost)} beside={rate && `${dollars(rate.costMicrosPerHour)}/h`} />
        <Total
          name="errors"
          value={compact(totals.errors)}
          tone={totals.errors > 0 ? 'text-bad' : ''}
          beside={rate && `${compact(rate.errors)} in 5 m`}
        />
      </div>
      <div className="sideways ml-auto flex flex-wrap items-center gap-2 max-[1600px]:basis-full">
        <FilterBox
          box={filterBox}
          name="Filter agents"
          hint="Filter, host:… team:…"
          look="w-48 bg-panel py-1 max-[1600px]:w-auto max-[1600px]:min-w-36 max-[1600px]:max-w-80 max-[1600px]:flex-1 max-md:basis-44 max-md:py-1.5"
        />
        {exactly.map(
          (name) =>
            search[name] !== '' && (
              <button
                key={name}
                type="button"
                aria-label={`Remove the filter ${name} ${search[name]}`}
                onClick={() => setSearch({ [name]: '' })}
                className="max-w-48 truncate rounded-md border border-accent bg-accent/15 px-2 py-1 text-xs text-accent"
              >
                {name}: {search[name]} <span aria-hidden="true">×</span>
              </button>
            ),
        )}
        <Choice name="role" value={search.role} choose={(role) => setSearch({ role })}>
          <option value="">any role</option>
          {['manager', 'worker', 'tool', 'human', 'no role'].map((role) => (
            <option key={role}>{role}</option>
          ))}
        </Choice>
        <Choice name="group" label="Group by" value={grouping} choose={(group) => setSearch({ group })}>
          {groupings.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </Choice>
        <Choice name="sort" label="Sort by" value={sorting === undefined ? '' : search.sort} choose={(sort) => setSearch({ sort })}>
          <option value="">name</option>
          {orders.map((order) => (
            <option key={order} value={order}>
              {order.startsWith('-') ? `${order.slice(1)} ↓` : `${order} ↑`}
            </option>
          ))}
        </Choice>
        {!isTable && (
          <Choice name="size" label="Density" value={search.mode} choose={(mode) => setSearch({ mode })}>
            <option value="">auto</option>
            {densities.map((density) => (
              <option key={density}>{density}</option>
            ))}
          </Choice>
        )}
        <span aria-hidden="true" className="ml-auto" />
        <Toggle on={search.errors} press={() => setSearch({ errors: !search.errors })}>
          errors only
        </Toggle>
        <Toggle on={paused} press={togglePause}>
          {paused ? 'resume' : 'pause'}
        </Toggle>
        <Toggle on={isTable} press={() => setSearch({ view: isTable ? 'grid' : 'table' })}>
          table
        </Toggle>
      </div>
    </div>
  )
}

function Change({ by }: { readonly by: number | undefined }) {
  if (by === undefined || by === 0) return null
  return (
    <span className="text-[11px] tabular-nums text-soft" title={`${by > 0 ? '+' : ''}${whole(by)} against a minute ago`}>
      {by > 0 ? '+' : '−'}
      {compact(Math.abs(by))}
    </span>
  )
}

interface TotalProps {
  readonly name: string
  readonly value: string
  readonly tone?: string
  readonly change?: number | undefined
  readonly beside?: string | undefined
}

function Total({ name, value, tone = '', change, beside }: TotalProps) {
  return (
    <span className="flex items-baseline gap-1.5 whitespace-nowrap">
      <span className={`text-base font-semibold tabular-nums ${tone}`}>{value}</span>
      <span className="text-xs text-faint">{name}</span>
      <Change by={change} />
      {beside !== undefined && <span className="text-xs tabular-nums text-soft max-md:hidden">{beside}</span>}
    </span>
  )
}

interface StatusCountProps {
  readonly status: Status
  readonly count: number
  readonly change: number | undefined
  readonly on: boolean
  readonly press: () => void
}

function StatusCount({ status, count, change, on, press }: StatusCountProps) {
  const { tone, sign, words } = agentLook(status === 'seen' ? undefined : status)
  // Whom nobody heard of is rare: no room is kept for it. The others keep their places whatever they count.
  if (status === 'seen' && count === 0 && !on) return null
  return (
    <button
      type="button"
      aria-pressed={on}
      onClick={press}
      className={`flex items-baseline gap-1.5 whitespace-nowrap rounded-md border px-1.5 py-0.5 ${on ? 'border-accent bg-accent/15' : 'border-transparent hover:border-line hover:bg-panel'} ${count === 0 ? `text-faint ${on ? '' : 'max-md:hidden'}` : inkOf(tone)}`}
    >
      <span aria-hidden="true" className="text-[10px]">
        {sign}
      </span>
      <span className="text-base font-semibold tabular-nums">{whole(count)}</span>
      <span className="text-xs text-faint">{words}</span>
      <Change by={change} />
    </button>
  )
}

interface ChoiceProps {
  readonly name: string
  readonly label?: string
  readonly value: string
  readonly choose: (value: string) => void
  readonly children: ReactNode
}

function Choice({ name, label = name, value, choose, children }: ChoiceProps) {
  return (
    <label className="flex items-center gap-1.5 text-xs text-faint">
      <span className="max-md:hidden">{name}</span>
      <select
        aria-label={label}
        value={value}
        onChange={({ target }) => choose(target.value)}
        className={`rounded-md border bg-panel px-1.5 py-1 text-[13px] max-md:py-1.5 text-ink ${value !== '' && name === 'role' ? 'border-accent' : 'border-line'}`}
      >
        {children}
      </select>
    </label>
  )
}
