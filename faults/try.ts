import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storageFor } from './inject/ext4.ts'
import { faults } from './inject/faults.ts'
import { startSmallWorld } from './inject/small-world.ts'

const wanted = process.argv.slice(2)
for (const fault of faults.filter(({ name }) => wanted.some((w) => name.includes(w)))) {
  const base = await mkdtemp(join(tmpdir(), 'signalbox-box-'))
  const data = join(base, 'data')
  const storage = fault.setting?.storage === undefined ? undefined : await storageFor(data, fault.setting.storage.sizeMiB)
  const at = performance.now()
  const say = (what: string) => console.log(`${((performance.now() - at) / 1000).toFixed(1)}s ${fault.name}: ${what}`)
  const world = await startSmallWorld({ dataFolder: data, seed: Number(process.env.SEED ?? 7), env: fault.setting?.env ?? {} })
  try {
    say('up')
    for (let i = 0; i < Number(process.env.TIMES ?? 1); i++) {
      const before = world.acks.size
      say(await fault.strike(world))
      say(`acks ${before} -> ${world.acks.size}, refusals ${JSON.stringify([...world.refusals])}, lost ${(await world.lost()).length}`)
    }
  } catch (error) {
    say(`FAILED ${(error as Error).stack}`)
  }
  say(`settled: ${JSON.stringify(await world.settle().catch(String))} lost ${(await world.lost()).length}`)
  await world.stop()
  if (process.env.KEEP) console.log(base)
  else {
    await storage?.release()
    await rm(base, { recursive: true, force: true })
  }
}
