/** The other tabs of a key: which are there, and which are seen. A tab that crashed says nothing, but the lock of its own is free. */
import type { Locks } from './election.ts'

export interface Peers {
  readonly count: () => number
  readonly tabs: () => readonly string[]
  /** It said so itself. */
  note(tab: string, isSeen: boolean): void
  /** It spoke, and is there; whether it is seen it will say. */
  spoke(tab: string): void
  forget(tab: string): void
  clear(): void
  anySeen(): boolean
  /** Whether one that is seen lives, and somebody stands in the queue for the lead. */
  canTakeOver(): Promise<boolean>
  /** Forgets those that crashed. */
  prune(): Promise<void>
}

/** The lock that a tab holds for as long as it lives. */
export const lockOf = (name: string, tab: string): string => `${name} ${tab}`

export function createPeers(shared: { readonly locks: Locks; readonly name: string } | undefined): Peers {
  const seen = new Map<string, boolean>()
  async function ask({ locks, name }: NonNullable<typeof shared>) {
    const { held = [], pending = [] } = await locks.query()
    const living = new Set(held.map((lock) => lock.name))
    return { lives: (tab: string) => living.has(lockOf(name, tab)), isWaitedFor: pending.some((lock) => lock.name === name) }
  }
  return {
    count: () => seen.size,
    tabs: () => [...seen.keys()],
    note: (tab, isSeen) => void seen.set(tab, isSeen),
    spoke(tab) {
      if (!seen.has(tab)) seen.set(tab, false)
    },
    forget: (tab) => void seen.delete(tab),
    clear: () => seen.clear(),
    anySeen: () => [...seen.values()].includes(true),
    async canTakeOver() {
      if (shared === undefined) return false
      const { lives, isWaitedFor } = await ask(shared)
      return isWaitedFor && [...seen].some(([tab, isSeen]) => isSeen && lives(tab))
    },
    async prune() {
      if (shared === undefined) return
      const { lives } = await ask(shared)
      for (const tab of [...seen.keys()]) if (!lives(tab)) seen.delete(tab)
    },
  }
}
