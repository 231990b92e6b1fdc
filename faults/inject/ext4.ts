/**
 * A data folder on a disk of its own: ext4 in a sparse file, by a loop device. It can be full, and its power can be cut.
 *
 * The kernel writes back by itself as rarely as it lets us (`commit`), so that whoever did not ask for it surely loses it.
 */
import { execFile } from 'node:child_process'
import { mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { promisify } from 'node:util'

export const run = promisify(execFile)

const mostSecondsUnwritten = 300

export interface Storage {
  readonly folder: string
  readonly image: string
  /** Unmounts and removes the image. */
  release(): Promise<void>
}

/** Makes `<folder>.ext4` and mounts it as `folder`. Needs root and loop devices. */
export async function storageFor(folder: string, sizeMiB: number): Promise<Storage> {
  const image = `${folder}.ext4`
  await mkdir(folder, { recursive: true })
  await writeFile(image, '')
  await truncate(image, sizeMiB * 1_048_576)
  // Nothing is kept back for root, whose PostgreSQL runs in a namespace where it may not use it; nothing is written later by itself.
  await run('mkfs.ext4', ['-q', '-m', '0', '-E', 'lazy_itable_init=0,lazy_journal_init=0', image])
  await mountImage(image, folder)
  return {
    folder,
    image,
    async release() {
      await run('umount', [folder])
      await rm(image)
    },
  }
}

export async function mountImage(image: string, folder: string): Promise<void> {
  await run('mount', ['-o', `loop,noatime,commit=${mostSecondsUnwritten}`, image, folder])
}

export interface Mounted {
  readonly device: string
  readonly image: string
}

/** The loop device below a folder that is a mount of its own. */
export async function mountedAt(folder: string): Promise<Mounted> {
  const lines = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map((line) => line.split(' '))
  const device = lines.findLast(([, at]) => at === folder)?.[0]
  if (device === undefined || !device.startsWith('/dev/loop')) throw new Error(`${folder} is no file system of its own on a loop device.`)
  const image = (await readFile(`/sys/block/${basename(device)}/loop/backing_file`, 'utf8')).trim()
  return { device, image }
}

/** Bytes that were ever written to the device. */
export async function writtenBytes(device: string): Promise<number> {
  const stat = (await readFile(`/sys/block/${basename(device)}/stat`, 'utf8')).trim().split(/\s+/)
  return Number(stat[6]) * 512
}
