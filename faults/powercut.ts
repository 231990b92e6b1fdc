/**
 * Power cuts one after the other, as fast as the server comes back: `node faults/powercut.ts [cuts] [--seed N] [--without <setting>]`.
 *
 * Ends with 0 when every acknowledged event was there after every cut. With `--without fsync` or `--without synchronous_commit` the
 * server lacks what acknowledgements rest on, and it ends with 0 when events were lost: proof that lost events are seen.
 * Needs root, loop devices and Linux.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { storageFor } from './inject/ext4.ts'
import { cutPower } from './inject/power-cut.ts'
import { pause } from './inject/processes.ts'
import { startSmallWorld } from './inject/small-world.ts'
import { safeties, unsafeEnv } from './inject/unsafe.ts'

const sizeMiB = 1_024
const mostUptimeMs = 1_500
const patienceMs = 60_000

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string', default: '1' }, without: { type: 'string' } },
})
const cuts = Number(positionals[0] ?? 30)
const without = safeties.find((safety) => safety === values.without)
if (values.without !== undefined && without === undefined) throw new Error(`--without takes ${safeties.join(' or ')}.`)

const base = await mkdtemp(join(tmpdir(), 'signalbox-powercut-'))
const storage = await storageFor(join(base, 'data'), sizeMiB)
const began = performance.now()
const seconds = () => ((performance.now() - began) / 1_000).toFixed(1)
const env = without === undefined ? {} : unsafeEnv(without)
const world = await startSmallWorld({ folder: base, seed: Number(values.seed), env })
let lost: readonly string[] = []
let bad: readonly string[] = []
try {
  for (let cut = 1; cut <= cuts && lost.length === 0; cut += 1) {
    await world.acknowledged(1, patienceMs)
    await pause(world.random.between(0, mostUptimeMs))
    const { lostKiB } = await cutPower(world)
    const acknowledged = world.acks.size
    await world.server.start()
    lost = await world.lost()
    console.log(
      `${seconds()} s: cut ${cut}, ${lostKiB} KiB not written back; of ${acknowledged} acknowledged events ${lost.length} are lost`,
    )
  }
  if (lost.length === 0) bad = await world.settle()
} finally {
  await world.stop()
  await storage.release()
  await rm(base, { recursive: true, force: true })
}
for (const finding of bad) console.log(`doctor: ${finding}`)
const isAsItShould = bad.length === 0 && lost.length > 0 === (without !== undefined)
console.log(
  isAsItShould ? 'As it should be.' : `NOT as it should be${without === undefined ? '' : `: without ${without} nothing was lost`}.`,
)
process.exitCode = isAsItShould ? 0 : 1
