/** Seconds after the first start of a data folder the power goes: what was acknowledged is there, and can be reached. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { storageFor } from './ext4.ts'
import { cutPower } from './power-cut.ts'
import { startSmallWorld } from './small-world.ts'

/** Of a machine that is busy with much else. */
const patienceMs = 180_000

test('a power cut in the first seconds', { timeout: patienceMs }, async ({ skip }) => {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-power-cut-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const storage = await storageFor(join(folder, 'data'), 512).catch(() => undefined)
  if (storage === undefined) return skip('needs root and loop devices')
  onTestFinished(() => storage.release())
  const world = await startSmallWorld({ folder, seed: 1 })
  onTestFinished(() => world.stop())
  await world.acknowledged(100, 60_000)
  const { lostKiB } = await cutPower(world)
  expect(lostKiB).toBeGreaterThan(0)
  await world.server.start()
  expect(await world.lost()).toEqual([])
})
