/** A chunk: a stretch of consecutive positions of one partition, its lines compressed as one value (docs/decisions/0021). */
import { createHash } from 'node:crypto'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { idTime } from '@signalbox/model/ids.ts'
import { copyLine, type LogRow, rowOfLine, toText } from './log-row.ts'

/** Readers take it for the longest there is: never make it less. */
export const mostChunkEvents = 500
/** Of lines; one event may be more. */
const mostChunkChars = 1024 * 1024
/** With a checksum: what a disk spoiled is no other event. */
const level = { params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 } }

/** As `log_chunks` has it. */
export interface Chunk {
  readonly partition: number
  readonly first: number
  readonly last: number
  readonly minTime: number
  readonly maxTime: number
  readonly minId: string
  readonly maxId: string
  readonly terms: readonly number[]
  /** Before they are compressed. */
  readonly text: string
  readonly lines: Buffer
}

/** What a chunk says of its runs and types. Stored: never change it. */
export const termOf = (field: 'run' | 'type', value: string): number =>
  createHash('sha256').update(`${field}\u0000${value}`).digest().readInt32BE(0)

function chunkOf(rows: readonly LogRow[], text: string): Chunk {
  const times = rows.map(({ time }) => Number(time))
  // As PostgreSQL writes them they compare as text.
  const ids = rows.map(({ id }) => id).sort()
  const runs = new Set(rows.flatMap(({ run }) => run ?? []))
  const types = new Set(rows.map(({ type }) => type))
  return {
    partition: rows[0]?.partition ?? 0,
    first: Number(rows[0]?.position),
    last: Number(rows.at(-1)?.position),
    ...{ minTime: Math.min(...times), maxTime: Math.max(...times), minId: ids[0] ?? '', maxId: ids.at(-1) ?? '' },
    terms: [...new Set([...[...runs].map((run) => termOf('run', run)), ...[...types].map((type) => termOf('type', type))])],
    text,
    lines: zstdCompressSync(text, level),
  }
}

/** `rows`: of one partition, in the order of positions. */
export function* chunksOf(rows: readonly LogRow[]): Generator<Chunk> {
  let held: LogRow[] = []
  let text = ''
  for (const row of rows) {
    const line = copyLine(toText(row))
    const isNext = Number(row.position) === Number(held.at(-1)?.position) + 1
    if (held.length > 0 && (!isNext || held.length === mostChunkEvents || text.length + line.length > mostChunkChars)) {
      yield chunkOf(held, text)
      held = []
      text = ''
    }
    held.push(row)
    text += line
  }
  if (held.length > 0) yield chunkOf(held, text)
}

const lineEnd = 10

/** Lines with such a cell, of which the first is at `first`. Of a chunk few are wanted mostly: found as bytes, the rest never becomes text. */
function* linesWith(bytes: Buffer, cell: string, first: number): Generator<string> {
  for (let at = first; at >= 0; ) {
    const end = bytes.indexOf(lineEnd, at)
    yield bytes.toString('utf8', bytes.lastIndexOf(lineEnd, at) + 1, end)
    at = bytes.indexOf(cell, end)
  }
}

function* allLines(bytes: Buffer): Generator<string> {
  yield* bytes.toString('utf8', 0, bytes.length - 1).split('\n')
}

/** `cells`: a line that is wanted has one of each of these. */
export function openChunk(lines: Buffer, cells: readonly (readonly string[])[] = []): LogRow[] {
  const bytes = zstdDecompressSync(lines)
  const firsts = cells.flatMap(([cell, ...others]) => (cell === undefined || others.length > 0 ? [] : [{ cell, at: bytes.indexOf(cell) }]))
  if (firsts.some(({ at }) => at < 0)) return []
  // What comes late is seldom there.
  const [rarest] = firsts.sort((a, b) => b.at - a.at)
  const found = rarest === undefined ? allLines(bytes) : linesWith(bytes, rarest.cell, rarest.at)
  return Array.from(
    found.filter((line) => cells.every((some) => some.some((cell) => line.includes(cell)))),
    rowOfLine,
  )
}

export const idTimes = ({ minId, maxId }: Pick<Chunk, 'minId' | 'maxId'>): string => `[${idTime(minId)},${idTime(maxId)}]`
