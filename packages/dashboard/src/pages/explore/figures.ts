/** What `/v1/explore` answers, and what it is asked. */
import type { Search } from '../../search.ts'

export interface Sums {
  readonly calls: number
  readonly errors: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cachedTokens: number
  readonly costMicros: number
  readonly events: number
  readonly durationMs: { readonly p50: number | null; readonly p95: number | null; readonly p99: number | null }
}
/** When the step begins, calls, errors, tokens, cost, p50, p95, p99, events. */
export type Point = readonly [number, number, number, number, number, number | null, number | null, number | null, number]
export interface Group extends Sums {
  readonly key: string
  readonly points: readonly Point[]
}
export interface Explored {
  readonly since: string
  readonly until: string
  /** Seconds. */
  readonly step: number
  readonly complete: boolean
  readonly behindEvents: number
  readonly total: Omit<Group, 'key'>
  readonly groups: readonly Group[]
  readonly other?: Sums & { readonly groups: number }
  readonly latency: { readonly boundsMs: readonly number[]; readonly cells: readonly (readonly number[])[] }
}

export const splits = ['agent', 'model', 'tool', 'team', 'type', 'none'] as const
export type Split = (typeof splits)[number]
export const kinds = ['llm', 'tool', 'task'] as const

export const splitOf = ({ by }: Pick<Search, 'by'>): Split => splits.find((split) => split === by) ?? 'agent'
/** What narrows the figures, by the names that the address and the API share. */
export const filterNames = ['agent', 'team', 'model', 'tool'] as const

export type Asked = Pick<Search, 'by' | 'type' | (typeof filterNames)[number]>

/** Events by type are of the whole fleet: filters do not say anything of them. */
export function queryOf(asked: Asked, from: number, to: number): string {
  const by = splitOf(asked)
  const query = new URLSearchParams({ since: new Date(from).toISOString(), until: new Date(to).toISOString(), by })
  if (by === 'type') return String(query)
  if (kinds.some((kind) => kind === asked.type)) query.set('kind', asked.type)
  for (const name of filterNames) if (asked[name] !== '') query.set(name, asked[name])
  return String(query)
}
