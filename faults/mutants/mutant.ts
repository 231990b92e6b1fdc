/** A seeded bug: one piece of the server's source text put in another's place while it is loaded. */
import type { ScenarioName } from './scenarios.ts'

export interface Mutant {
  readonly name: string
  /** What is wrong, as one would say it of real code. */
  readonly what: string
  /** The check that must find it. */
  readonly law: string
  /** Below packages/. */
  readonly file: string
  /** Must be there exactly once. */
  readonly find: string
  readonly put: string
  /** Which run shows it; the server as it is passes the same run. */
  readonly scenario: ScenarioName
}

/** Throws where the source is not what the mutant was made for: a table that no longer bites must not pass for one that does. */
export function mutated({ name, file, find, put }: Mutant, source: string): string {
  const found = source.split(find).length - 1
  if (found !== 1)
    throw new Error(`Mutant ${name}: ${file} has ${found} times what it looks for, not once. Bring faults/mutants up to date.`)
  return source.replace(find, () => put)
}
