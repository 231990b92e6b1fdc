import type { Logger } from 'pino'
import type { Commit, CommitBus } from './commit.ts'

/** The bus of one node. A listener that throws is logged and costs no other listener: it finds the gap in positions itself. */
export function createMemoryBus(log: Pick<Logger, 'error'>): CommitBus {
  const listeners = new Set<(commit: Commit) => void>()
  return {
    announce(commit) {
      for (const listener of listeners) {
        try {
          listener(commit)
        } catch (error) {
          log.error({ err: error, partition: commit.partition, to: commit.to }, 'a listener of commits failed')
        }
      }
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
