/** Judges a history by every law, in one pass. In: entries in the order of lines. Out: what does not hold, and whether the run counts. */
import type { HistoryEntry } from '../history/history.ts'
import { agreement } from './agreement.ts'
import { chain } from './chain.ts'
import { conflict } from './conflict.ts'
import { conservation } from './conservation.ts'
import { contiguity } from './contiguity.ts'
import { type Counted, createCounted, type Needs } from './counted.ts'
import { duplicate } from './duplicate.ts'
import { durability } from './durability.ts'
import { effects } from './effects.ts'
import type { Finding } from './finding.ts'
import { type Bounds, type LawName, lawNames, type MakeLaw, usualBounds } from './law.ts'
import { createLedger } from './ledger.ts'
import { liveness } from './liveness.ts'
import { lost } from './lost.ts'
import { memory } from './memory.ts'
import { order } from './order.ts'
import { phantom } from './phantom.ts'
import { refusal } from './refusal.ts'
import { replay } from './replay.ts'

const laws: Readonly<Record<LawName, MakeLaw>> = {
  lost,
  phantom,
  duplicate,
  effects,
  order,
  agreement,
  contiguity,
  conflict,
  refusal,
  conservation,
  durability,
  replay,
  chain,
  liveness,
  memory,
}

export interface Report {
  /** Empty: every law holds. */
  readonly findings: readonly Finding[]
  readonly counted: Counted
  /** How many things each law compared. */
  readonly looked: Readonly<Record<LawName, number>>
  readonly entries: number
  /** Events that were named, each content of an id one. */
  readonly events: number
  readonly tookMs: number
}

export interface CheckOptions {
  readonly bounds?: Bounds
  /** What the run has to have seen to count; default: everything. */
  readonly needs?: Needs
}

/**
 * One pass, some 300 bytes of memory an event; up to 16 million ids, which is what a Map holds. Blocks: millions of events take a
 * minute. Throws where the history contradicts its own form, as at an end of a call that was not begun.
 */
export function check(history: Iterable<HistoryEntry>, { bounds = usualBounds, needs }: CheckOptions = {}): Report {
  const began = performance.now()
  const ledger = createLedger()
  const counted = createCounted(ledger)
  const judges = lawNames.map((name) => ({ name, law: laws[name](ledger, bounds) }))
  const seers = judges.flatMap(({ law: { see } }) => see ?? [])
  let line = 0
  for (const entry of history) {
    line += 1
    const named = ledger.see(entry, line)
    counted.see(entry, line)
    for (const see of seers) see(entry, line, named)
  }
  ledger.close()
  const verdicts = judges.map(({ name, law }) => ({ name, ...law.judge() }))
  const looked = Object.fromEntries(verdicts.map((verdict) => [verdict.name, verdict.looked])) as Record<LawName, number>
  return {
    findings: verdicts.flatMap(({ findings }) => findings),
    counted: counted.judge(looked, needs),
    looked,
    entries: line,
    events: ledger.contents.count,
    tookMs: performance.now() - began,
  }
}
