/**
 * Preloaded into a server (`node --import`) it shifts the wall clock of its JavaScript by what a file in the data folder says, in ms.
 * Timers, PostgreSQL, and what Node itself stamps (the Date header) keep theirs.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const shiftFile = (dataFolder: string): string => join(dataFolder, 'clock-shift-ms')
export const shiftableEnv: Readonly<Record<string, string>> = {
  NODE_OPTIONS: `--import=${import.meta.url}`,
  SIGNALBOX_FAULTS_CLOCK: 'shiftable',
}

const lookEveryMs = 20

if (process.env.SIGNALBOX_FAULTS_CLOCK === 'shiftable') {
  const RealDate = Date
  let shiftMs = 0
  const look = () => {
    try {
      shiftMs = Number(readFileSync(shiftFile(process.env.SIGNALBOX_DATA ?? '.'), 'utf8'))
    } catch {
      shiftMs = 0
    }
  }
  look()
  setInterval(look, lookEveryMs).unref()
  const now = () => RealDate.now() + shiftMs
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    get: (target, key) => (key === 'now' ? now : Reflect.get(target, key)),
  })
}
