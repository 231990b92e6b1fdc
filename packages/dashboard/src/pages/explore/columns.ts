/** The columns of the groups' table. */
import { dollars, whole } from '../../text.ts'
import type { Group, Split, Sums } from './figures.ts'
import { duration, rate, share } from './words.ts'

const percent = ({ calls, errors }: Sums) => (calls === 0 ? null : (errors / calls) * 100)
export interface Column {
  readonly name: string
  readonly of: (sums: Sums) => number | null
  readonly say: (value: number) => string
  /** A greater one is worse. */
  readonly isCost?: boolean
  readonly isCounted?: boolean
}
export const columns = {
  calls: { name: 'Calls', of: ({ calls }) => calls, say: whole, isCounted: true },
  errors: { name: 'Failed', of: percent, say: share, isCost: true },
  p50: { name: 'p50', of: ({ durationMs }) => durationMs.p50, say: duration, isCost: true },
  p95: { name: 'p95', of: ({ durationMs }) => durationMs.p95, say: duration, isCost: true },
  p99: { name: 'p99', of: ({ durationMs }) => durationMs.p99, say: duration, isCost: true },
  tokens: { name: 'Tokens', of: ({ inputTokens, outputTokens }) => inputTokens + outputTokens, say: (value) => rate(value) },
  cost: { name: 'Cost', of: ({ costMicros }) => costMicros, say: dollars, isCost: true },
  events: { name: 'Events', of: ({ events }) => events, say: whole },
} as const satisfies Record<string, Column>
type ColumnName = keyof typeof columns

/** What each way to split has figures of. */
export const columnsOf = (split: Split): readonly ColumnName[] => {
  if (split === 'type') return ['calls']
  const all: ColumnName[] = ['calls', 'errors', 'p50', 'p95', 'p99', 'tokens', 'cost']
  if (split === 'tool') return all.filter((name) => name !== 'tokens' && name !== 'cost')
  return split === 'model' ? all : [...all, 'events']
}

export function sorted(groups: readonly Group[], sort: string): readonly Group[] {
  const down = sort.startsWith('-')
  const name = sort.replace(/^-/, '')
  if (name === 'name') return [...groups].sort((a, b) => (a.key < b.key ? -1 : 1) * (down ? -1 : 1))
  if (!Object.hasOwn(columns, name)) return groups
  const { of } = columns[name as ColumnName]
  const at = (group: Group) => of(group) ?? Number.NEGATIVE_INFINITY
  return [...groups].sort((a, b) => (down ? at(b) - at(a) : at(a) - at(b)))
}
