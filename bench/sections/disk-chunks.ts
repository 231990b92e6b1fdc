/** Lines of the log in compressed chunks: how small by how many are together, and what it costs to read one of them. */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { LoggedEvent } from '@signalbox/model/event.ts'
import { type Bench, count, quantile } from '../harness.ts'

interface Line {
  readonly event: LoggedEvent
  readonly line: string
}

const dictionaryBytes = 112_640
const levels = [3, 9] as const
const chunks = [1, 100, 500, 2_000] as const

/** What comes often is the tail of what was written before: zstd looks there first. */
const dictionaryOf = (lines: readonly Line[]) => Buffer.from(lines.map(({ line }) => line).join('')).subarray(-dictionaryBytes)

function inChunks(lines: readonly Line[], size: number): Buffer[] {
  return Array.from({ length: Math.ceil(lines.length / size) }, (_, i) =>
    Buffer.from(
      lines
        .slice(i * size, (i + 1) * size)
        .map(({ line }) => line)
        .join(''),
    ),
  )
}

const byRun = (lines: readonly Line[]) =>
  lines.toSorted((a, b) =>
    (a.event.run ?? '') < (b.event.run ?? '') ? -1 : a.event.run === b.event.run ? a.event.position - b.event.position : 1,
  )

/** `json`: bytes of an event as it was sent. */
export function measureChunks(bench: Bench, all: readonly Line[], json: number): void {
  const half = Math.floor(all.length / 2)
  const dictionary = dictionaryOf(all.slice(0, half))
  const sealed = all.slice(half)
  for (const [order, lines] of [
    ['in the order of the log', sealed],
    ['run after run', byRun(sealed)],
  ] as const)
    for (const size of chunks)
      for (const level of levels)
        for (const own of [undefined, dictionary]) {
          const options = { params: { [constants.ZSTD_c_compressionLevel]: level }, ...(own === undefined ? {} : { dictionary: own }) }
          const before = process.cpuUsage()
          const packed = inChunks(lines, size).map((bytes) => zstdCompressSync(bytes, options))
          const { user, system } = process.cpuUsage(before)
          const reads = packed.slice(0, 200).map((bytes) => {
            const startedAt = performance.now()
            zstdDecompressSync(bytes, own === undefined ? {} : { dictionary: own })
            return (performance.now() - startedAt) * 1_000
          })
          const bytes = packed.reduce((sum, { length }) => sum + length, 0) / lines.length
          bench.sample(`bytes an event, zstd ${level}, ${size} ${order}, ${own === undefined ? 'no' : 'a'} dictionary`, bytes)
          bench.tell(
            `${count(size)} events ${order}, zstd ${level}${own === undefined ? '' : ' with a dictionary'}: ${bytes.toFixed(0)} bytes an event, ${(bytes / json).toFixed(2)} of its JSON; ${((user + system) / lines.length).toFixed(1)} µs to write an event, ${count(quantile(reads, 0.5))} µs to open a chunk`,
          )
        }
}
