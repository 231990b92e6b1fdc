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

/** Ids as PostgreSQL writes them compare as text. */
const least = <T>(values: readonly T[]) => values.reduce((a, b) => (b < a ? b : a))
const greatest = <T>(values: readonly T[]) => values.reduce((a, b) => (b > a ? b : a))

function chunkOf(rows: readonly LogRow[], text: string): Chunk {
  const times = rows.map(({ time }) => Number(time))
  const ids = rows.map(({ id }) => id)
  const runs = new Set(rows.flatMap(({ run }) => run ?? []))
  const types = new Set(rows.map(({ type }) => type))
  return {
    partition: rows[0]?.partition ?? 0,
    first: Number(rows[0]?.position),
    last: Number(rows.at(-1)?.position),
    ...{ minTime: least(times), maxTime: greatest(times), minId: least(ids), maxId: greatest(ids) },
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

export const openChunk = (lines: Buffer): LogRow[] => zstdDecompressSync(lines).toString().slice(0, -1).split('\n').map(rowOfLine)

export const idTimes = ({ minId, maxId }: Pick<Chunk, 'minId' | 'maxId'>): string => `[${idTime(minId)},${idTime(maxId)}]`
