/** The pace of this page: whatever applies changes goes through `schedule`. */
import { create } from 'zustand'
import { createPace, rates } from './pace.ts'

/** How often a second changes are shown; less than 60: the page cannot do it more often. */
export const useRate = create<{ readonly rate: number }>(() => ({ rate: rates[0] }))

const painting = new MessageChannel()
const waiting: (() => void)[] = []
painting.port1.onmessage = () => waiting.shift()?.()

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
    painted(run) {
      waiting.push(run)
      painting.port2.postMessage(undefined)
    },
    hidden: () => document.hidden,
  },
  (rate) => useRate.setState({ rate }),
)

export const schedule = pace.next
export const watchVisibility = (): void => document.addEventListener('visibilitychange', pace.reconsider)
