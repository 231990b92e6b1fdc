/**
 * Fuzzing: inputs that nobody would write by hand, and an oracle for each parser that says what must hold whatever came.
 * In: a target and a seed. Out: what became of the inputs, and the smallest found that broke the oracle. The same seed tries the same.
 *
 * Beside its oracle every target owes: an end within `mostCpuMs` of processor time, and at most `mostBytes` more memory for one input.
 * What does not end at all is seen from outside (`guard.ts`).
 */
import { createDice, type Dice } from '@signalbox/cli/demo/dice.ts'
import { mutate } from './mutate.ts'
import { shrink } from './shrink.ts'

export interface Target {
  readonly name: string
  /** What the code itself makes, and what is known to be nasty: other inputs are bred from these. */
  seeds(dice: Dice): readonly Uint8Array[]
  /** Answers in a word what became of the input. Throws when that may not be. */
  check(input: Uint8Array): string | Promise<string>
  /** Words without which a run has shown nothing. */
  readonly expects: readonly string[]
}

interface Breach {
  readonly target: string
  readonly seed: number
  readonly why: string
  /** The smallest that breaks it in the same way. */
  readonly input: Uint8Array
}

export interface Fuzzed {
  readonly target: string
  readonly tried: number
  /** How many inputs became what. */
  readonly outcomes: ReadonlyMap<string, number>
  readonly breaches: readonly Breach[]
}

export interface FuzzOptions {
  readonly seed: number
  readonly inputs: number
  /** Epoch ms; then no further input is tried. */
  readonly until?: number
  /** Told before an input is tried. */
  readonly onInput?: (input: Uint8Array) => void
}

const mostCpuMs = 2_000
const mostBytes = 256 * 1024 * 1024
const mostBreaches = 5
/** Inputs that became something new join those that others are bred from. */
const mostBred = 200

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

export async function fuzz(target: Target, { seed, inputs, until = Number.POSITIVE_INFINITY, onInput }: FuzzOptions): Promise<Fuzzed> {
  const pool = [...target.seeds(createDice(seed))]
  const seeds = pool.length
  const outcomes = new Map<string, number>()
  const breaches = new Map<string, Breach>()
  let tried = 0
  for (; tried < inputs && Date.now() < until && breaches.size < mostBreaches; tried += 1) {
    const dice = createDice(seed * 1_000_003 + tried)
    // The seeds as they are first: most of them are valid.
    const input = pool[tried < seeds ? tried : -1] ?? mutate(dice, dice.pick(pool), pool)
    onInput?.(input)
    const result = await attempt(target, input)
    if ('outcome' in result) {
      const before = outcomes.get(result.outcome) ?? 0
      outcomes.set(result.outcome, before + 1)
      if (before < 3 && tried >= seeds && pool.length < seeds + mostBred) pool.push(input)
      continue
    }
    const kind = kindOf(result.why)
    if (breaches.has(kind)) continue
    const small = await shrink(input, async (smaller) => {
      onInput?.(smaller)
      const again = await attempt(target, smaller)
      return 'why' in again && kindOf(again.why) === kind
    })
    breaches.set(kind, { target: target.name, seed, why: result.why, input: small })
  }
  return { target: target.name, tried, outcomes, breaches: [...breaches.values()] }
}

/** Two breaches are one when they say the same but for figures and quotations. */
const kindOf = (why: string) => why.replaceAll(/\d+|"[^"]*"|'[^']*'/g, '·').slice(0, 120)

async function attempt(target: Target, input: Uint8Array): Promise<{ readonly outcome: string } | { readonly why: string }> {
  const cpu = process.threadCpuUsage()
  const peak = process.resourceUsage().maxRSS
  try {
    const outcome = await target.check(input)
    const { user, system } = process.threadCpuUsage(cpu)
    const cpuMs = (user + system) / 1_000
    if (cpuMs > mostCpuMs) return { why: `took ${Math.round(cpuMs)} ms of processor time for ${input.length} bytes` }
    const more = (process.resourceUsage().maxRSS - peak) * 1_024
    if (more > mostBytes) return { why: `took ${Math.round(more / 1_048_576)} MiB for ${input.length} bytes` }
    return { outcome }
  } catch (error) {
    return { why: error instanceof Error ? (error.stack ?? error.message).split('\n').slice(0, 4).join(' ') : `threw ${String(error)}` }
  }
}

/** For oracles: what must hold. */
export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`It does not hold: ${what}`)
}
