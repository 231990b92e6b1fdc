/**
 * Contiguity: a live stream goes on by one position at a time, in each partition, from where it was asked to begin; all that it leaves
 * out is announced or of another tenant, and it does not go back without a resync. Streams that are open at the end have reached the head.
 */
import type { ObserveEntry } from '../history/history.ts'
import { createFindings } from './finding.ts'
import type { MakeLaw } from './law.ts'

interface Stream {
  isOpen: boolean
  /** Where partitions begin that are not in `at`; undefined: where the server says. */
  begins: number | undefined
  readonly at: Map<number, number>
  /** Newest line of it. */
  line: number
}

/** What a stream passed over. Whether it may is known when the log is. */
interface Skip {
  readonly what: string
  readonly process: string
  readonly partition: number
  readonly from: number
  readonly to: number
  readonly lines: readonly number[]
}

export const contiguity: MakeLaw = (ledger) => {
  const findings = createFindings('contiguity')
  const streams = new Map<string, Stream>()
  /** Observers that ask for pages. */
  const queries = new Set<string>()
  const skips: Skip[] = []
  let looked = 0

  const reached = ({ at, begins }: Stream, partition: number) => at.get(partition) ?? begins

  function begin(stream: Stream, after: Readonly<Record<number, number>> | undefined): void {
    stream.at.clear()
    stream.begins = after === undefined ? undefined : 0
    for (const [partition, position] of Object.entries(after ?? {})) stream.at.set(Number(partition), position)
  }

  function connect(process: string, after: Readonly<Record<number, number>> | null, line: number): void {
    const stream = streams.get(process) ?? { isOpen: true, begins: undefined, at: new Map<number, number>(), line }
    streams.set(process, stream)
    for (const [partition, position] of Object.entries(after ?? {})) {
      const had = reached(stream, Number(partition))
      if (had !== undefined && position > had)
        skips.push({
          what: 'streams went on from beyond what they were given',
          process,
          partition: Number(partition),
          from: had + 1,
          to: position,
          lines: [stream.line, line],
        })
    }
    stream.isOpen = true
    begin(stream, after ?? undefined)
  }

  /** The stream gives, or leaves out and says so, the positions `from..to`. */
  function step(process: string, stream: Stream, partition: number, from: number, to: number, line: number): void {
    const had = reached(stream, partition)
    if (had !== undefined && from > had + 1)
      skips.push({
        what: 'streams left out positions and did not say so',
        process,
        partition,
        from: had + 1,
        to: from - 1,
        lines: [stream.line, line],
      })
    if (had !== undefined && from <= had)
      findings.add('streams went back without a resync', () => `${process}: ${partition}:${from} after ${partition}:${had}`, [
        stream.line,
        line,
      ])
    if (to < from)
      findings.add('streams announced gaps that end before they begin', () => `${process}: ${partition}:${from} to ${to}`, [line])
    else stream.at.set(partition, to)
  }

  function see(process: string, entry: ObserveEntry, line: number): void {
    if (entry.type === 'invoke') {
      if (entry.transport !== 'pages') connect(process, entry.after, line)
      else queries.add(process)
    }
    if (queries.has(process)) return
    const stream = streams.get(process)
    if (stream === undefined) throw new Error(`Line ${line} of the history is of ${process}, which did not tell where it begins.`)
    if (entry.type === 'info') stream.isOpen = false
    else if ('places' in entry) {
      looked += entry.places.length
      for (const [partition, position] of entry.places) step(process, stream, partition, position, position, line)
    } else if ('gap' in entry) step(process, stream, entry.gap.partition, entry.gap.from, entry.gap.to, line)
    else if ('resync' in entry) begin(stream, entry.resync.at)
    stream.line = line
  }

  return {
    see(entry, line) {
      if (entry.op === 'observe') see(entry.process, entry, line)
    },
    judge() {
      for (const { what, process, partition, from, to, lines } of skips)
        if (!ledger.isForeign(partition, from, to)) findings.add(what, () => `${process}: ${partition}:${from} to ${to}`, lines)
      for (const [process, stream] of streams) {
        if (!stream.isOpen || !ledger.isLogKnown()) continue
        for (const partition of ledger.log.partitions()) {
          const head = ledger.log.head(partition)
          const had = reached(stream, partition)
          if (had !== undefined && had < head && !ledger.isForeign(partition, had + 1, head))
            findings.add('streams did not reach the head', () => `${process}: ${partition}:${had} of ${partition}:${head}`, [stream.line])
        }
      }
      return { looked, findings: findings.all() }
    },
  }
}
