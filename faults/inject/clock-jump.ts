/** The wall clock of the server jumps, and later back: what it takes meanwhile it orders as ever, what it refuses it says. */
import { rename, rm, writeFile } from 'node:fs/promises'
import type { Fault } from '../world/world.ts'
import { shiftableEnv, shiftFile } from './clock.ts'
import { connect } from './postgres.ts'
import { pause, until } from './processes.ts'
import { underLoad } from './serving.ts'

const hourMs = 3_600_000
const yearMs = 365 * 24 * hourMs
const lastsMs = 3_000
const toleranceMs = 10_000

export const clockJumps: readonly Fault[] = (
  [
    ['an hour ahead', hourMs],
    ['an hour back', -hourMs],
    ['ten years ahead', 10 * yearMs],
    ['ten years back', -10 * yearMs],
  ] as const
).map(([where, shiftMs]) => ({
  name: `the server's clock jumps ${where}`,
  setting: { env: shiftableEnv },
  strike: (world) =>
    underLoad(world, async () => {
      const { server } = world
      const file = shiftFile(server.dataFolder)
      const client = await connect(world)
      try {
        await writeFile(`${file}.new`, String(shiftMs))
        await rename(`${file}.new`, file)
        const shown = await until('the server writes with the new time', 20_000, async () => {
          await fetch(`${server.url}/readyz`, { signal: AbortSignal.timeout(20_000) }).catch(() => undefined)
          const { rows } = await client.query<{ at: string }>('select at from commits where abs(at - $1) < $2 limit 1', [
            Date.now() + shiftMs,
            toleranceMs,
          ])
          return rows[0]?.at
        })
        await pause(lastsMs)
        return `a commit was written as of ${new Date(Number(shown)).toISOString()}`
      } finally {
        await client.end()
        await rm(file, { force: true })
      }
    }),
}))
