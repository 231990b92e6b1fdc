/** Who leads: the tab that holds a lock. It is let go of when its tab closes or crashes, and the next in the queue has it at once. */

/** Of `navigator.locks` what is used here. */
export interface Locks {
  request(name: string, options: { readonly signal?: AbortSignal; readonly steal?: boolean }, run: () => Promise<void>): Promise<unknown>
  query(): Promise<{ readonly held?: readonly { readonly name?: string }[]; readonly pending?: readonly { readonly name?: string }[] }>
}

export interface Election {
  /** Stands in the queue, or takes the place of one that does not answer. */
  stand(steal?: boolean): void
  /** Leads no longer and stands in no queue. */
  withdraw(): void
}

export function createElection(locks: Locks, name: string, onLead: () => void, onLost: () => void): Election {
  let leave: (() => void) | undefined

  function stand(steal = false) {
    if (leave !== undefined && !steal) return
    leave?.()
    const abort = new AbortController()
    let leads = false
    let letGo = () => {}
    const lose = () => {
      if (!leads) return
      leads = false
      onLost()
    }
    const mine = () => {
      abort.abort()
      letGo()
      lose()
    }
    leave = mine
    const run = () =>
      new Promise<void>((resolve) => {
        if (leave !== mine) return resolve()
        letGo = resolve
        leads = true
        onLead()
      })
    // Whose lock was stolen stands again, behind the others.
    locks.request(name, steal ? { steal } : { signal: abort.signal }, run).catch(() => {
      if (leave !== mine) return
      leave = undefined
      lose()
      stand()
    })
  }

  return {
    stand,
    withdraw() {
      leave?.()
      leave = undefined
    },
  }
}
