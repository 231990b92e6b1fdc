/** How V8 collects in a server: settings that it takes while it runs. */
import { readdirSync, readFileSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { setFlagsFromString } from 'node:v8'

/**
 * Percent of what lives in the heap that may come to it before it is collected; V8's own goes up to 300. Since collections run behind all
 * else more comes while they do: with 200 after full load 50 to 90 MiB more were resident (bench/HISTORY.md). Of a large young generation
 * (docs/decisions/0026) little comes, so that 120 has it collected no more often than 150 before, and makes up for its size (measured with
 * 64 MB; it is 32 since).
 */
const heapGrowsBy = 120

/**
 * V8 makes objects old at once where most that were made at the same place lived for long: after a busy while, when they waited for their
 * commit, and where doors and rows share a place. What of them is short-lived then waits for a full collection, with all that it refers
 * to: at half load one came every 4 s instead of every 7, under OTLP a quick one moved 5 MB instead of 1 (bench/HISTORY.md).
 */
const nothingIsBornOld = '--no-allocation-site-pretenuring'

const ownTasks = '/proc/self/task'

/**
 * A full collection marks beside the main thread, with four threads for a tenth of a second: on two cores commits and their readers waited
 * for a core meanwhile, and were most of what p99 is made of (bench/HISTORY.md). Linux has priorities of threads, elsewhere nothing is done.
 */
function collectBehindOthers(): void {
  if (process.platform !== 'linux') return
  for (const thread of readdirSync(ownTasks)) {
    try {
      if (readFileSync(`${ownTasks}/${thread}/comm`, 'utf8').includes('V8Worker'))
        setPriority(Number(thread), constants.priority.PRIORITY_LOW)
    } catch {
      // It ended meanwhile, or the machine allows nobody to lower a priority.
    }
  }
}

export function tuneEngine(): void {
  setFlagsFromString(`--heap-growing-percent=${heapGrowsBy}`)
  setFlagsFromString(nothingIsBornOld)
  collectBehindOthers()
}
