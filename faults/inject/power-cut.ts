/**
 * The power goes: whatever was not written back to the disk is lost.
 *
 * The data folder is ext4 on a loop device. Server and PostgreSQL are stopped, then the file behind the device is copied: it has what
 * the file system submitted, and not what lies in the page cache of its mount. The copy is then the disk that the machine comes up
 * with: its journal is replayed by the mount, PostgreSQL recovers on it, and the world goes on there.
 *
 * What the loop device was given counts as written: a disk that loses its own cache would lose more, of what was not flushed.
 */
import { open, rename, rm } from 'node:fs/promises'
import type { Fault, World } from '../world/world.ts'
import { mountedAt, mountImage, run, writtenBytes } from './ext4.ts'
import { ended, pause, signal, stopFamily, until } from './processes.ts'
import { underLoad } from './serving.ts'

const mostRandomMs = 1_500
const mostCopies = 20

/** Copied again when the kernel wrote meanwhile, of itself: a copy has to be of one moment. */
async function copyOfOneMoment(device: string, image: string, copy: string): Promise<void> {
  for (let copies = 1; copies <= mostCopies; copies += 1) {
    const before = await writtenBytes(device)
    await run('cp', ['--sparse=always', image, copy])
    if ((await writtenBytes(device)) === before) return
  }
  throw new Error(`${device} was written to during each of ${mostCopies} copies, though all processes stood still.`)
}

export interface Cut {
  /** What the mount still held back, which the copy does not have. */
  readonly lostKiB: number
  readonly processes: number
}

/** Ends the server and its PostgreSQL, and leaves the data folder as a power cut would have left it. */
export async function cutPower({ server, database }: World): Promise<Cut> {
  const { device, image } = await mountedAt(server.dataFolder)
  const copy = `${image}.cut`
  const postmaster = await database.postmasterPid()
  const stopped = [...new Set([...(await stopFamily(server.pid())), ...(await stopFamily(postmaster))])]
  try {
    await copyOfOneMoment(device, image, copy)
  } finally {
    await server.kill()
    for (const pid of stopped) signal(pid, 'SIGKILL')
    for (const pid of stopped) await ended(pid)
  }
  const before = await writtenBytes(device)
  // Held open, so that the device stays after its unmount and tells what that wrote.
  const held = await open(device)
  await until('nobody uses the old disk', 10_000, () =>
    run('umount', [server.dataFolder]).then(
      () => true,
      () => false,
    ),
  )
  const lostKiB = Math.round(((await writtenBytes(device)) - before) / 1_024)
  await held.close()
  await rm(image)
  await rename(copy, image)
  await mountImage(image, server.dataFolder)
  return { lostKiB, processes: stopped.length }
}

export const powerCut: Fault = {
  name: 'power cut',
  needs: ['root', 'loop-mount'],
  setting: { storage: { kind: 'ext4', sizeMiB: 1_024 } },
  strike: (world) =>
    underLoad(world, async () => {
      await pause(world.random.between(0, mostRandomMs))
      const { lostKiB, processes } = await cutPower(world)
      if (lostKiB === 0) throw new Error('Nothing was held back by the page cache: this cut was no more than a kill.')
      return `${processes} processes stopped, ${lostKiB} KiB that were not written back are lost`
    }),
}
