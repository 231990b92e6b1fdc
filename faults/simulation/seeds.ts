/** Runs seed after seed, and says of each that found something how to run it again. */
import { type SimulationOptions, type SimulationResult, simulate } from './simulation.ts'

export interface SeedsOptions extends Omit<SimulationOptions, 'seed'> {
  readonly first: number
  readonly count: number
  /** Default false: the seeds after one that found something are run too. */
  readonly stopsAtFirst?: boolean
  readonly onLine: (line: string) => void
}

export interface SeedsResult {
  readonly failed: readonly number[]
  readonly ran: number
  readonly turns: number
  readonly events: number
  readonly virtualMs: number
  readonly tookMs: number
  /** How often each fault struck, and what had to be seen was. */
  readonly struck: Readonly<Record<string, number>>
  readonly seen: Readonly<Record<string, number>>
}

const mostChars = 400

const failureLine = ({ seed, findings }: Pick<SimulationResult, 'seed' | 'findings'>): string =>
  `seed ${seed} ${findings.join(' | ').replace(/\s+/g, ' ').slice(0, mostChars)}; again: npm run faults -- --simulate --seed ${seed}`

function add(to: Record<string, number>, from: Readonly<Record<string, number>>): void {
  for (const [name, times] of Object.entries(from)) to[name] = (to[name] ?? 0) + times
}

export async function runSeeds({ first, count, stopsAtFirst = false, onLine, ...options }: SeedsOptions): Promise<SeedsResult> {
  const began = performance.now()
  const struck: Record<string, number> = {}
  const seen: Record<string, number> = {}
  const failed: number[] = []
  const sum = { ran: 0, turns: 0, events: 0, virtualMs: 0 }
  for (let seed = first; seed < first + count && !(stopsAtFirst && failed.length > 0); seed += 1) {
    sum.ran += 1
    let result: SimulationResult
    try {
      result = await simulate({ seed, ...options })
    } catch (error) {
      failed.push(seed)
      onLine(failureLine({ seed, findings: [`ended with ${error instanceof Error ? error.stack : String(error)}`] }))
      continue
    }
    sum.turns += result.turns
    sum.events += result.events
    sum.virtualMs += result.virtualMs
    add(struck, result.struck)
    add(seen, result.seen)
    if (result.findings.length === 0) continue
    failed.push(seed)
    onLine(failureLine(result))
  }
  return { failed, ...sum, tookMs: performance.now() - began, struck, seen }
}

export function seedsText({ failed, ran, turns, events, virtualMs, tookMs, struck, seen }: SeedsResult): string {
  const counts = (of: Readonly<Record<string, number>>) =>
    Object.entries(of)
      .map(([name, times]) => `${name} ${times}`)
      .join(', ')
  return [
    `${ran} seeds, ${failed.length} found something: ${events.toLocaleString('en')} events in ${(virtualMs / 3_600_000).toFixed(1)} virtual hours, ${turns.toLocaleString('en')} turns, ${(tookMs / 1_000).toFixed(1)} s.`,
    `struck: ${counts(struck)}`,
    `seen: ${counts(seen)}`,
  ].join('\n')
}
