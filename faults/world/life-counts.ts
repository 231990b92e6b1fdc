/** What the server counts in each of its lives, summed over them: a life that is killed takes its counters along, but for what was read shortly before. */
import { readMetrics } from './final.ts'
import { sleep } from './sender.ts'
import type { ServerProcess } from './world.ts'

const everyMs = 300

export interface LifeCounts {
  /** Commits and rows refused because another writer had the partition. */
  fenced(): number
  /** Refused items whose content was to be kept and was not. */
  notKept(): number
  /** Reads once more, and ends. */
  close(): Promise<void>
}

export function watchCounts(server: ServerProcess): LifeCounts {
  const lives = new Map<number, { readonly fenced: number; readonly notKept: number }>()
  let going = true
  async function look() {
    const pid = server.pid()
    try {
      const metrics = await readMetrics(server.url)
      lives.set(pid, {
        fenced: metrics.sum('signalbox_fenced_commits_total'),
        notKept: metrics.sum('signalbox_quarantine_not_kept_total'),
      })
    } catch {
      // It is away, or stands still: what it counted is read when it is back.
    }
  }
  async function run() {
    while (going) {
      await look()
      await sleep(everyMs)
    }
  }
  const running = run()
  const sum = (of: 'fenced' | 'notKept') => [...lives.values()].reduce((total, life) => total + life[of], 0)
  return {
    fenced: () => sum('fenced'),
    notKept: () => sum('notKept'),
    async close() {
      if (!going) return
      going = false
      await running
      await look()
    },
  }
}
