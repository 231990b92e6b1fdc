/** Requests of an operation: as its schemas say, or wrong in one way that can be named. */
import { gzipSync, zstdCompressSync } from 'node:zlib'
import type { Dice } from '@signalbox/cli/demo/dice.ts'
import { mutate } from '../mutate.ts'
import { nastyTexts, nastyTimes } from '../tokens.ts'
import type { Asked } from './ask.ts'
import type { Operation, Parameter, Schema } from './operations.ts'

/** Values that mean something to the server, by the name of their parameter, or by the path that they are part of. */
export type Known = ReadonlyMap<string, readonly string[]>

export interface Request extends Asked {
  /** What is wrong with it, when it surely is: then it must be refused. */
  readonly wrong?: string | undefined
}

/** A poll that waits longer would be taken for one that hangs. */
const longestWait = 1

function valid(dice: Dice, { name, schema }: Pick<Parameter, 'name' | 'schema'>, known: Known): string[] {
  if (schema.type === 'array') {
    const many = dice.chance(0.9) ? dice.count(1, 3) : Math.min(schema.maxItems ?? 10, 100)
    return Array.from({ length: many }, () => valid(dice, { name, schema: schema.items ?? {} }, known)).flat()
  }
  if (schema.anyOf !== undefined) return valid(dice, { name, schema: dice.pick(schema.anyOf) }, known)
  if (schema.enum !== undefined) return [String(dice.pick(schema.enum))]
  if (schema.type === 'boolean') return [String(dice.chance(0.5))]
  if (schema.type === 'integer') {
    const [least, most] = [schema.minimum ?? 0, name === 'wait' ? longestWait : (schema.maximum ?? 1_000)]
    return [String(dice.pick([least, most, dice.count(least, most)]))]
  }
  const held = (known.get(name) ?? []).filter((value) => value.length <= (schema.maxLength ?? Number.POSITIVE_INFINITY))
  if (held.length > 0 && dice.chance(0.8)) return [dice.pick(held)]
  if (schema.pattern?.includes('{12}') === true) return ['01900000-0000-7000-8000-000000000000']
  return [dice.pick(['a', 'run-1', 'é😀', 'a b+c&d=e/f?g', '%', "' or 1=1 --", 'x'.repeat(Math.min(schema.maxLength ?? 300, 300))])]
}

const wrongNumbers = ['', '-1', '1.5', 'abc', '1e999', 'Infinity', 'NaN', '0x10', '9007199254740993', '99999999', '١', 'null', ' 1', 'true']

/** With what is wrong of it, when that is sure. */
function invalid(dice: Dice, name: string, schema: Schema): { readonly value: string; readonly wrong?: string } {
  const inner = schema.type === 'array' ? (schema.items ?? {}) : schema
  if (inner.type === 'integer') {
    const value = dice.pick(wrongNumbers)
    const number = Number(value)
    const isWrong = value === '' || !Number.isInteger(number) || number < (inner.minimum ?? 0) || number > (inner.maximum ?? Infinity)
    return isWrong ? { value, wrong: `${name} is no such number` } : { value }
  }
  if (inner.enum !== undefined || inner.anyOf !== undefined)
    return { value: dice.pick(['', 'nonsense', '__proto__']), wrong: `${name} is no such word` }
  if (inner.type === 'boolean') return { value: dice.pick(['', '1', 'yes', 'TRUE']), wrong: `${name} is neither true nor false` }
  const most = inner.maxLength
  if (most !== undefined && dice.chance(0.3)) return { value: 'x'.repeat(dice.pick([most + 1, 4 * most])), wrong: `${name} is too long` }
  if (inner.pattern !== undefined && dice.chance(0.3))
    return { value: dice.pick(['\u0000', 'a\nb', '\u007f']), wrong: `${name} has a control character` }
  return { value: dice.pick([...nastyTexts, ...nastyTimes]) }
}

const encodings: readonly ((text: string) => string)[] = [
  (text) => encodeURIComponent(text.toWellFormed()),
  (text) => Array.from(Buffer.from(text), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
]
const nonsense = ['%zz', '%', '%ff%fe', '%c3%28', '%ed%a0%80', '%00', '%u0041', '%2', '%25%25', ';', '[]', '%5B%5D']

/** `wrongShare` of the requests have something wrong. */
export function requestOf(dice: Dice, operation: Operation, known: Known, wrongShare: number): Request {
  const queries: string[] = []
  const headers: Record<string, string> = {}
  let path = operation.path
  let wrong: string | undefined
  const isWrong = dice.chance(wrongShare)
  const culprit = isWrong && operation.parameters.length > 0 ? dice.pick(operation.parameters) : undefined
  const encode = dice.pick(encodings)
  for (const parameter of operation.parameters) {
    const { name, in: where, schema } = parameter
    if (where !== 'path' && parameter !== culprit && dice.chance(0.6)) {
      // Left out, a poll waits for as long as it is used to.
      if (name === 'wait') queries.push('wait=0')
      continue
    }
    const held = where === 'path' && known.has(operation.path) ? { name: operation.path, schema } : parameter
    let texts = parameter === culprit ? [] : valid(dice, held, known).map(encode)
    if (parameter === culprit) {
      const found = dice.chance(0.8) ? invalid(dice, name, schema) : { value: '' }
      texts = found.value === '' && dice.chance(0.5) ? [dice.pick(nonsense)] : [encode(found.value)]
      // What a path's empty part or nonsense leads to is another route's matter.
      if (where === 'query' && texts[0] === encode(found.value)) wrong = found.wrong
      if (schema.type !== 'array' && where === 'query' && dice.chance(0.2)) texts = [...texts, ...texts]
    }
    if (where === 'path') path = path.replace(`{${name}}`, texts[0] ?? '')
    else if (where === 'header') headers[name] = (texts[0] ?? '').slice(0, 2_000)
    else queries.push(...texts.map((text) => `${name}=${text}`))
  }
  if (isWrong && dice.chance(0.2)) {
    queries.push(dice.pick(['unknown=1', '__proto__=1', 'limit[]=1', 'run[0]=a', 'constructor[prototype]=1', '=', '&&', '%00=1']))
    if (queries.at(-1) === 'unknown=1' && operation.parameters.some((one) => one.in === 'query')) wrong = 'there is no such parameter'
  }
  const query = dice.shuffled(queries).join('&')
  return {
    method: operation.method,
    path: query === '' ? path : `${path}?${query}`,
    headers,
    wrong,
    ...bodyOf(dice, operation, known, isWrong),
  }
}

const contentTypes = [
  'application/cloudevents-batch+json',
  'application/json',
  'application/x-ndjson',
  'text/plain',
  'multipart/form-data; boundary=x',
  '',
  '\t',
  'application/json; charset=utf-16',
]
const contentEncodings = ['gzip', 'zstd', 'br', 'gzip, gzip', 'identity', '']

function bodyOf(
  dice: Dice,
  { path, bodyTypes }: Operation,
  known: Known,
  isWrong: boolean,
): Pick<Asked, 'body'> & { headers?: Record<string, string> } {
  const [type] = bodyTypes
  if (type === undefined) return {}
  /** Doors of other formats take bodies of their own. */
  const own = known.get(`body ${path}`)
  if (own !== undefined && !isWrong) return { body: Buffer.from(dice.pick(own)), headers: { 'content-type': type } }
  const events = own ?? known.get('body') ?? ['{}']
  const many = Array.from({ length: dice.count(1, 5) }, () => dice.pick(events))
  const isLines = dice.chance(0.3)
  const text = Buffer.from(isLines ? many.join('\n') : dice.chance(0.5) ? (many[0] ?? '') : `[${many.join(',')}]`)
  if (!isWrong) return { body: text, headers: { 'content-type': isLines ? 'application/x-ndjson' : 'application/json' } }
  const pool = events.map((event) => Buffer.from(event))
  const bred = mutate(dice, text, pool)
  const encoding = dice.pick(contentEncodings)
  const packed = encoding === 'gzip' ? gzipSync(bred) : encoding === 'zstd' ? zstdCompressSync(bred) : bred
  const headers = { 'content-type': dice.pick(contentTypes), ...(dice.chance(0.5) ? { 'content-encoding': encoding } : {}) }
  return { body: dice.chance(0.3) ? mutate(dice, packed, pool) : packed, headers }
}
