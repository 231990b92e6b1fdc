/** The pace of this page: whatever applies changes goes through `schedule`. */
import { create } from 'zustand'
import { createPace, rates } from './pace.ts'

/** How often a second changes are shown; less than 60: the page cannot do it more often. */
export const useRate = create<{ readonly rate: number }>(() => ({ rate: rates[0] }))

const tasks = new MessageChannel()
const waiting: (() => void)[] = []
tasks.port1.onmessage = () => waiting.shift()?.()

/** A task of its own, as soon as there is nothing more urgent. */
export function later(run: () => void): void {
  waiting.push(run)
  tasks.port2.postMessage(undefined)
}

const pace = createPace(
  {
    now: () => performance.now(),
    request(run) {
      const asked = requestAnimationFrame(run)
      return () => cancelAnimationFrame(asked)
    },
    after(ms, run) {
      const asked = setTimeout(run, ms)
      return () => clearTimeout(asked)
    },
    painted: later,
    hidden: () => document.hidden,
  },
  (rate) => useRate.setState({ rate }),
)

export const schedule = pace.next
export const watchVisibility = (): void => document.addEventListener('visibilitychange', pace.reconsider)
