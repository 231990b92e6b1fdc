/** What a sender can be told to send, by name. */
import { createWork } from './fleet.ts'
import { workOf } from './large-run.ts'

/** One event after the other. `fleet <runs>` or `run <name> <agents>`. */
export function workNamed([name, ...rest]: readonly string[]): () => object {
  if (name === 'fleet') return createWork(Number(rest[0]))
  if (name === 'run') return workOf(rest[0] ?? '', Number(rest[1]))
  throw new Error(`There is no work ${name}.`)
}
