/** The reads that the core sends: `select … from table where … order by … limit …`, and the few that say more. A text it does not know ends the run. */
import { type LogRow, refusal, type Tables } from './tables.ts'
import { arrayIn } from './text.ts'

type Row = Readonly<Record<string, unknown>>
type Values = readonly unknown[]
type Read = (tables: Tables, values: Values) => object[]

/** What pg gives as text. */
const bigints = ['position', 'folded', 'fence', 'oldest', 'first', 'last', 'at']

function given(row: object): Row {
  const made: Record<string, unknown> = { ...row }
  for (const name of bigints) if (typeof made[name] === 'number') made[name] = String(made[name])
  if (typeof made.body === 'string') {
    made.json = made.body
    made.body = JSON.parse(made.body)
  }
  return made
}

/** What a list of columns asks for. */
function chosen(columns: string): (row: Row) => Row {
  const names = columns.split(', ').map((column) => {
    const [from = '', name = from] = column.split(' as ')
    return [name, from.replace('body::text', 'json')] as const
  })
  return (row) =>
    Object.fromEntries(
      names.map(([name, from]) => {
        if (!(from in row)) throw new Error(`The simulated database has no column "${from}" in ${JSON.stringify(row)}.`)
        return [name, row[from]]
      }),
    )
}

type Test = (row: Row, values: Values) => boolean
const valueAt = (values: Values, number: string | undefined) => values[Number(number) - 1]
const comparable = (value: unknown) => (typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : (value as number | string))

/** By one column after the other; answers as a comparer of `sort` does. */
function compared(columns: readonly string[], one: Row, other: (column: number) => unknown): number {
  for (const [i, column] of columns.entries()) {
    const [a, b] = [comparable(one[column]), comparable(other(i))]
    if (a !== b) return a < b ? -1 : 1
  }
  return 0
}

function testOf(condition: string): Test {
  const after = /^\(([\w, ]+)\) > \(([$\d, ]+)\)$/.exec(condition)
  if (after !== null) {
    const columns = (after[1] ?? '').split(', ')
    const numbers = (after[2] ?? '').split(', ').map((name) => name.slice(1))
    return (row, values) => compared(columns, row, (i) => valueAt(values, numbers[i])) > 0
  }
  const sided = /^(\w+) (=|<|>|<=|>=) \$(\d+)$/.exec(condition)
  if (sided !== null) {
    const [, column = '', sign, number] = sided
    return (row, values) => {
      const own = comparable(row[column])
      const other = comparable(valueAt(values, number))
      if (sign === '=') return own === other
      if (sign === '<') return own < other
      if (sign === '>') return own > other
      return sign === '<=' ? own <= other : own >= other
    }
  }
  const among = /^(\w+) = any\(\$(\d+)(?:::\w+\[\])?\)$/.exec(condition)
  if (among !== null) return (row, values) => (valueAt(values, among[2]) as unknown[]).includes(row[among[1] ?? ''])
  const literal = /^(\w+) (?:= |in \()('.*')\)?$/.exec(condition)
  if (literal !== null) {
    const wanted = (literal[2] ?? '').split(',').map((text) => text.trim().slice(1, -1))
    return (row) => wanted.includes(String(row[literal[1] ?? '']))
  }
  const other = /^(\w+) <> '(.*)'$/.exec(condition)
  if (other !== null) return (row) => row[other[1] ?? ''] !== other[2]
  if (condition === 'open' || condition === 'again') return (row) => row[condition] === true
  if (condition === 'not open') return ({ open }) => open === false
  if (condition.startsWith('(') && condition.endsWith(')')) {
    const either = condition.slice(1, -1).split(' or ').map(testOf)
    return (row, values) => either.some((test) => test(row, values))
  }
  throw new Error(`The simulated database does not know the condition "${condition}".`)
}

function rowsOf(tables: Tables, table: string | undefined): readonly object[] {
  if (table === 'log') return tables.log.flat()
  if (table === 'commits') return tables.commits.flat()
  if (table === 'projections') return [...tables.projections.values()]
  if (table === 'call_chunks') return [...tables.callChunks.values()]
  if (table === 'quarantine') return [...tables.quarantine.values()]
  if (table === 'heads') return tables.heads
  throw new Error(`The simulated database has no table "${table}".`)
}

function plainSelect(text: string): Read | undefined {
  // No day is sealed here.
  const parts = /^select ([^()]+|count\(\*\)) from (\w+)(?: where (.*?))?(?: order by (.*?))?(?: limit (\S+))?$/.exec(
    text.replace(', exists (select from log_chunks) as has_chunks', ''),
  )
  if (parts === null) return undefined
  const [, columns, table, where, order, limit] = parts
  const tests = (where ?? '')
    .replace(/(\w+) between (\$\d+) and (\$\d+)/g, '$1 >= $2 and $1 <= $3')
    // `run = any(…)` says the same.
    .replace(/\(key >= [^)]*\) and /g, '')
    .split(' and ')
    .filter((condition) => condition !== '')
    .map(testOf)
  const choose = chosen(columns ?? '')
  const sign = order?.endsWith(' desc') === true ? -1 : 1
  const by = (order ?? '')
    .replace(/ desc$/, '')
    .split(', ')
    .filter((column) => column !== '')
  return (tables, values) => {
    let rows = rowsOf(tables, table).filter((row) => tests.every((test) => test(row as Row, values))) as Row[]
    if (columns === 'count(*)') return [{ count: String(rows.length) }]
    if (by.length > 0) rows = rows.toSorted((a, b) => sign * compared(by, a, (i) => b[by[i] ?? '']))
    if (limit !== undefined) rows = rows.slice(0, Number(limit.startsWith('$') ? valueAt(values, limit.slice(1)) : limit))
    return rows.map((row) => choose(given(row)))
  }
}

/** By their first words. */
const others: readonly (readonly [string, Read])[] = [
  ['select partition, first, last, min_id, max_id, lines from log_chunks', () => []],
  [
    'select max(last) as last, min(min_id)',
    ({ commits }, [partition, after, upTo]) => {
      const found = (commits[Number(partition)] ?? []).filter(({ first, last }) => last > Number(after) && first <= Number(upTo))
      const ids = found.flatMap(({ min_id, max_id }) => [min_id, max_id]).sort()
      return [{ last: found.at(-1) === undefined ? null : String(found.at(-1)?.last), min_id: ids[0] ?? null, max_id: ids.at(-1) ?? null }]
    },
  ],
  [
    'select held_to as after, next - 1',
    ({ log }, [partition, after, upTo]) => {
      let at = Number(after)
      const last = Number(upTo)
      for (const { position } of [...(log[Number(partition)] ?? []), { position: last + 1 }]) {
        if (position <= at) continue
        if (position > at + 1 && position <= last + 1) return [{ after: String(at), up_to: String(position - 1) }]
        at = position
      }
      return []
    },
  ],
  [
    'select count(*)::int from (select from projections where tenant = $1 and partition = $2',
    ({ projections }, [tenant, partition, most]) => {
      const own = [...projections.values()].filter((row) => row.partition === partition && row.tenant === tenant)
      return [{ count: Math.min(Number(most), own.length) }]
    },
  ],
  [
    'select k.tbl, k.key, p.body from unnest',
    ({ projections }, [partition, tenant, tables, keys]) =>
      (keys as string[]).flatMap((key, i) =>
        [...projections.values()]
          .filter((row) => row.partition === partition && row.tenant === tenant && row.tbl === (tables as string[])[i] && row.key === key)
          .map(given),
      ),
  ],
  [
    'select coalesce(sum(count), 0)::int as count from (select count from call_chunks where tenant = $1 and partition = $2 limit $3',
    ({ callChunks }, [tenant, partition, most]) => {
      const own = [...callChunks.values()].filter((chunk) => chunk.partition === partition && chunk.tenant === tenant)
      return [{ count: own.slice(0, Number(most)).reduce((sum, { count }) => sum + count, 0) }]
    },
  ],
  [
    'select c.partition, c.hashes, c.calls from unnest',
    // The core asks within one partition, and for what is newest.
    ({ callChunks }, [tenant, runs, hashes, partition]) =>
      (runs as string[]).flatMap((run, i) => {
        const sought = (hashes as (string | null)[])[i] ?? undefined
        const any = sought === undefined ? undefined : new Set(arrayIn(sought).map(Number))
        return [...callChunks.values()].filter(
          (chunk) =>
            chunk.partition === partition &&
            chunk.tenant === tenant &&
            chunk.run === run &&
            (any === undefined || chunk.hashes.some((hash) => any.has(hash))),
        )
      }),
  ],
  [
    'select partition, calls from ( select *, sum(count) over (order by last desc',
    ({ callChunks }, [tenant, run, most]) => {
      const own = [...callChunks.values()].filter((chunk) => chunk.tenant === tenant && chunk.run === run).sort((a, b) => b.last - a.last)
      let before = 0
      return own.filter(({ count }) => {
        before += count
        return before - count < Number(most)
      })
    },
  ],
  [
    'select tenant, partition, calls from call_chunks where partition = $1',
    ({ callChunks }, [partition, after, upTo, tenant, runs]) =>
      [...callChunks.values()].filter(
        (chunk) =>
          chunk.partition === partition &&
          chunk.last > Number(after) &&
          chunk.first <= Number(upTo) &&
          (tenant === undefined || chunk.tenant === tenant) &&
          (runs === undefined || (runs as string[]).includes(chunk.run)),
      ),
  ],
]

const known = new Map<string, Read>()

export function readOf(text: string): Read {
  const held = known.get(text)
  if (held !== undefined) return held
  const plain = text.replace(/\s+/g, ' ').trim()
  const read = others.find(([start]) => plain.startsWith(start))?.[1] ?? plainSelect(plain)
  if (read === undefined) throw new Error(`The simulated database does not know this statement: ${plain}`)
  known.set(text, read)
  return read
}

export const copiedLog = (line: Record<string, string | null>): LogRow =>
  ({ ...line, position: Number(line.position), partition: Number(line.partition) }) as unknown as LogRow

export const unique = (table: string, key: string): Error => refusal('23505', `duplicate key ${key} of ${table}`, { table })
