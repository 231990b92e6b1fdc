/** What a span says, whatever its dialect. Compiled once: an attribute's key leads to what it may mean. */
import type { AttributeValue, Span } from '../otlp.ts'
import { type Dialect, type Field, type FieldAlias, fieldAliases, type Kind, type KindAlias, kindAliases, kindsByName } from './aliases.ts'

export type Reading = { kind: Kind; dialect: Dialect | undefined; excludesCache: boolean; inputKey: string; outputKey: string } & {
  [F in Field]: AttributeValue | undefined
}

type Meaning =
  | {
      readonly field: Field
      readonly place: number
      readonly rank: number
      readonly alias: FieldAlias
      readonly kinds: ReadonlySet<Kind> | undefined
    }
  | { readonly field: undefined; readonly rank: number; readonly alias: KindAlias; readonly values: ReadonlyMap<string, string> }

const fields = Object.keys(fieldAliases) as Field[]
const meanings = new Map<string, Meaning[]>()
const mean = (key: string, meaning: Meaning) => {
  const held = meanings.get(key)
  if (held === undefined) meanings.set(key, [meaning])
  else held.push(meaning)
}
for (const [rank, alias] of kindAliases.entries())
  mean(alias.key, { field: undefined, rank, alias, values: new Map(Object.entries(alias.values ?? {})) })
for (const [place, field] of fields.entries())
  for (const [rank, alias] of (fieldAliases[field] as readonly FieldAlias[]).entries())
    mean(alias.key, { field, place, rank, alias, kinds: alias.kinds === undefined ? undefined : new Set(alias.kinds) })

type Named = (typeof kindsByName)[number]
const exactNames = new Map(kindsByName.filter(({ name }) => !name.includes('*')).map((entry) => [entry.name, entry]))
const starred = kindsByName
  .filter(({ name }) => name.includes('*'))
  .map((entry) => {
    const [start = '', ...rest] = entry.name.split('*')
    return { entry, start, rest }
  })

function kindByName(name: string, scope: string): Named | undefined {
  const exact = exactNames.get(name)
  if (exact !== undefined) return exact
  for (const { entry, start, rest } of starred) {
    if (!name.startsWith(start) || (entry.scope !== undefined && !scope.startsWith(entry.scope))) continue
    if (rest.every((part) => name.includes(part, start.length))) return entry
  }
  return undefined
}

const nothing: Readonly<Record<Field, undefined>> = Object.fromEntries(fields.map((field) => [field, undefined])) as never
const noRank = 255

function saysKind({ alias, values }: Extract<Meaning, { field: undefined }>, value: AttributeValue): string | undefined {
  if (alias.whenPresent !== undefined) return value === '' ? undefined : alias.whenPresent
  if (typeof value !== 'string') return undefined
  return values.get(value.toLowerCase()) ?? alias.patterns?.find(([pattern]) => pattern.test(value))?.[1]
}

const isPresent = (value: AttributeValue) => value !== null && value !== ''

/**
 * Of one span at a time; what it found is valid until the next call. No `Map` that is cleared again and again: each of its tables refers to
 * the next one, so that once the collector takes one for old it keeps, and moves, all that come after.
 */
function createScratch() {
  const found: Extract<Meaning, { field: Field }>[] = []
  const values: AttributeValue[] = []
  /** By the place of a field. */
  const ranks = new Uint8Array(fields.length)
  return { found, values, ranks }
}
const scratch = createScratch()

/** `scope`: the name of the span's instrumentation scope. */
export function readSpan(span: Span, scope: string): Reading {
  const { found, values, ranks } = scratch
  found.length = 0
  values.length = 0
  ranks.fill(noRank)
  let kind: string | undefined
  let dialect: Dialect | undefined
  let kindRank = noRank
  for (const key in span.attributes) {
    const held = meanings.get(key)
    if (held === undefined) continue
    const value = span.attributes[key] as AttributeValue
    if (!isPresent(value)) continue
    for (const meaning of held) {
      const { alias } = meaning
      if (alias.scope !== undefined && !scope.startsWith(alias.scope)) continue
      if (alias.span !== undefined && !span.name.startsWith(alias.span)) continue
      if (meaning.field !== undefined) {
        found.push(meaning)
        values.push(value)
        continue
      }
      const said = meaning.rank < kindRank ? saysKind(meaning, value) : undefined
      if (said === undefined) continue
      kind = said
      dialect = alias.dialect
      kindRank = meaning.rank
    }
  }
  const named = kindByName(span.name, scope)
  const reading: Reading = {
    ...nothing,
    kind: 'other',
    dialect: named?.dialect ?? dialect,
    excludesCache: false,
    inputKey: '',
    outputKey: '',
  }
  if (named !== undefined) reading.kind = named.kind
  else if (kind !== undefined && kind !== 'agent-if-named') reading.kind = kind as Kind
  else if (kind !== undefined) reading.kind = span.attributes['ai.telemetry.functionId'] === undefined ? 'step' : 'agent'

  for (let i = 0; i < found.length; i += 1) {
    const meaning = found[i] as Extract<Meaning, { field: Field }>
    const { field, place, rank, alias, kinds } = meaning
    if (rank >= (ranks[place] ?? noRank) || (kinds !== undefined && !kinds.has(reading.kind))) continue
    let value = values[i] as AttributeValue
    if (alias.pattern !== undefined) {
      const part = typeof value === 'string' ? alias.pattern.exec(value)?.[1] : undefined
      if (part === undefined) continue
      value = part
    }
    ranks[place] = rank
    reading[field] = value
    if (field === 'input') reading.inputKey = alias.key
    else if (field === 'output') reading.outputKey = alias.key
    else if (field === 'inputTokens') reading.excludesCache = alias.excludesCache === true
  }
  return reading
}
