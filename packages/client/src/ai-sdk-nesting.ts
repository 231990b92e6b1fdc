/** Which tool's work the code that runs now is a part of, over every await. In Node; elsewhere nothing is known of it. */
import type { Agent } from './agent.ts'

export interface Enclosing {
  /** Who reports it. */
  readonly agent: Agent
  /** Whose tool it is: the agent, or a worker of its own. */
  readonly id: string
  readonly run: string
  readonly task: string
}

/** Not imported: bundles for browsers would look for it. */
const hooks =
  typeof process === 'object' && typeof process.getBuiltinModule === 'function' ? process.getBuiltinModule('async_hooks') : undefined
const storage = hooks === undefined ? undefined : new hooks.AsyncLocalStorage<Enclosing>()

export const enclosing = (): Enclosing | undefined => storage?.getStore()

export const within = <T>(here: Enclosing, work: () => T): T => (storage === undefined ? work() : storage.run(here, work))
