/** A law is one scan over the history: it sees each entry once, in order, and judges at the end. */
import type { HistoryEntry } from '../history/history.ts'
import type { Finding } from './finding.ts'
import type { Ledger } from './ledger.ts'

export const lawNames = [
  'lost',
  'phantom',
  'duplicate',
  'effects',
  'order',
  'agreement',
  'contiguity',
  'conflict',
  'refusal',
  'conservation',
  'durability',
  'replay',
  'chain',
  'liveness',
  'memory',
] as const
export type LawName = (typeof lawNames)[number]

interface Verdict {
  /** Things it compared. A law that looked at nothing holds, and shows nothing. */
  readonly looked: number
  readonly findings: readonly Finding[]
}

interface Law {
  /** `line` is the entry's in the file, from 1; `named` are the contents of its events or places, in their order. The ledger has seen it before. */
  readonly see?: (entry: HistoryEntry, line: number, named: readonly number[]) => void
  readonly judge: () => Verdict
}

export type MakeLaw = (ledger: Ledger, bounds: Bounds) => Law

/** What has to hold once faults are healed. */
export interface Bounds {
  /** Of one event sent then, from its call to its acknowledgement. */
  readonly ackMs: number
  /** Resident memory of the server, whenever it was read. */
  readonly rssMiB: number
}

export const usualBounds: Bounds = { ackMs: 5_000, rssMiB: 1_024 }
