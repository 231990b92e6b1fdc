/** Locks of rows and of keys that are being inserted: exclusive, first come first served, until their transaction ends. */
import { refusal } from './tables.ts'

export interface Locks {
  /** Rejects with 40P01 where waiting would go round. */
  take(owner: object, key: string): Promise<void>
  release(owner: object): void
  /** The database crashed. */
  clear(): void
  readonly size: () => number
}

export function createLocks(): Locks {
  const owners = new Map<string, object>()
  const queues = new Map<string, { readonly owner: object; readonly resume: () => void }[]>()
  const waitsFor = new Map<object, string>()

  function goesRound(owner: object, key: string): boolean {
    let other = owners.get(key)
    for (let steps = 0; other !== undefined && steps < 100; steps += 1) {
      if (other === owner) return true
      const next = waitsFor.get(other)
      other = next === undefined ? undefined : owners.get(next)
    }
    return false
  }

  return {
    async take(owner, key) {
      const held = owners.get(key)
      if (held === owner) return
      if (held === undefined) {
        owners.set(key, owner)
        return
      }
      if (goesRound(owner, key)) throw refusal('40P01', 'deadlock detected')
      waitsFor.set(owner, key)
      await new Promise<void>((resume) => {
        const queue = queues.get(key) ?? []
        queues.set(key, queue)
        queue.push({ owner, resume })
      })
      waitsFor.delete(owner)
    },
    release(owner) {
      for (const [key, held] of owners) {
        if (held !== owner) continue
        const next = queues.get(key)?.shift()
        if (next === undefined) owners.delete(key)
        else {
          owners.set(key, next.owner)
          next.resume()
        }
      }
    },
    clear() {
      owners.clear()
      queues.clear()
      waitsFor.clear()
    },
    size: () => owners.size,
  }
}
