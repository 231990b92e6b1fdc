/**
 * Which signal a body is of. The exports of all three share the numbers of their outer fields, so one that is posted to another's path
 * decodes, as items without ids, or as nothing: the fields of its first item tell.
 */
import { Refused } from '../../http/problem.ts'
import type { Json, Names } from './decode-json.ts'
import { fields, message, type Reader } from './protobuf-reader.ts'

export type Signal = 'traces' | 'logs' | 'metrics'

/** Request, path and names in JSON of each signal; of its items, the wire type of each field and the length of ids. */
export const signals = {
  traces: {
    request: 'ExportTraceServiceRequest',
    rejectedName: 'rejectedSpans',
    json: { resources: 'resourceSpans', scopes: 'scopeSpans', items: 'spans' },
    types: { 1: 2, 2: 2, 3: 2, 4: 2, 5: 2, 6: 0, 7: 1, 8: 1, 9: 2, 10: 0, 11: 2, 12: 0, 13: 2, 14: 0, 15: 2, 16: 5 },
    lengths: { 1: 16, 2: 8 },
  },
  logs: {
    request: 'ExportLogsServiceRequest',
    rejectedName: 'rejectedLogRecords',
    json: { resources: 'resourceLogs', scopes: 'scopeLogs', items: 'logRecords' },
    types: { 1: 1, 2: 0, 3: 2, 5: 2, 6: 2, 7: 0, 8: 5, 9: 2, 10: 2, 11: 1, 12: 2 },
    lengths: {},
  },
  metrics: {
    request: 'ExportMetricsServiceRequest',
    rejectedName: 'rejectedDataPoints',
    json: { resources: 'resourceMetrics', scopes: 'scopeMetrics', items: 'metrics' },
    types: { 1: 2, 2: 2, 3: 2, 5: 2, 7: 2, 9: 2, 10: 2, 11: 2, 12: 2 },
    lengths: {},
  },
} as const satisfies Record<
  Signal,
  {
    readonly request: string
    /** Of a partial success, in JSON. */
    readonly rejectedName: string
    readonly json: Names
    readonly types: Readonly<Record<number, number>>
    readonly lengths: Readonly<Record<number, number>>
  }
>

const names = Object.keys(signals) as Signal[]

function refuse(found: Signal): never {
  throw new Refused({ code: 'BAD_REQUEST', detail: `This is an ${signals[found].request}; send it to /v1/${found}.` })
}

export function refuseOthersJson(request: Json, wanted: Signal): void {
  if (request[signals[wanted].json.resources] !== undefined) return
  for (const found of names) if (request[signals[found].json.resources] !== undefined) refuse(found)
  const key = Object.keys(request).find((name) => name.startsWith('resource_'))
  if (key !== undefined)
    throw new Refused({
      code: 'BAD_REQUEST',
      detail: `The names in OTLP's JSON are lowerCamelCase: "${signals[wanted].json.resources}", not "${key.slice(0, 100)}".`,
    })
}

/** Reads the fields of the first item, and puts the reader back. */
export function refuseOthers(reader: Reader, wanted: Signal): void {
  const { pos, len } = reader
  const misses: Record<Signal, number> = { traces: 0, logs: 0, metrics: 0 }
  let isFound = false
  const down = (tag: number, field: number, take: (tag: number) => boolean) => {
    if (isFound || tag !== field) return false
    message(reader, take)
    return true
  }
  const item = (tag: number) => {
    isFound = true
    const [number, type] = [tag >>> 3, tag & 7]
    const length = type === 2 ? lengthHere(reader) : undefined
    for (const name of names) {
      const { types, lengths }: { types: Readonly<Record<number, number>>; lengths: Readonly<Record<number, number>> } = signals[name]
      if (types[number] !== type || (lengths[number] ?? length) !== length) misses[name] += 1
    }
    return false
  }
  fields(reader, (tag) => down(tag, 0x0a, (inner) => down(inner, 0x12, (field) => down(field, 0x12, item))))
  reader.pos = pos
  reader.len = len
  for (const found of names) if (misses[found] < misses[wanted] && names.every((name) => misses[found] <= misses[name])) refuse(found)
}

function lengthHere(reader: Reader): number {
  const { pos } = reader
  const length = reader.size()
  reader.pos = pos
  return length
}
