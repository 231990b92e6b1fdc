/**
 * Append-only segments in a folder. One line a record: its CRC-32 in hex, a space, the event as JSON.
 * A record that a crash cut or a disk spoiled is counted as dropped.
 */
import * as files from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { EventInput } from '@signalbox/model/event.ts'
import type { Spool } from './spool.ts'

const largestSegmentBytes = 1_048_576
/** The oldest segment goes as a whole, so a small spool needs small segments. */
const fewestSegments = 4

/** What of the file system is needed, as a port: a simulated disk loses what was not synced. */
export type Disk = Pick<typeof files, 'appendFile' | 'mkdir' | 'open' | 'readdir' | 'readFile' | 'rm' | 'stat' | 'truncate' | 'unlink'>

/** `onTrouble` is told once of each file that is passed over, and each time no room could be made. */
export async function openSpool(
  folder: string,
  mostBytes: number,
  onTrouble: (path: string, error: unknown) => void,
  { appendFile, mkdir, open, readdir, readFile, rm, stat, truncate, unlink }: Disk = files,
): Promise<Spool> {
  await mkdir(folder, { recursive: true })
  const segmentBytes = Math.min(largestSegmentBytes, mostBytes / fewestSegments)
  let dropped = 0
  /** What cannot be read or removed: left for people to look at, so that it holds up nothing else and takes nothing else's room. */
  const passedOver = new Set<string>()
  /** Of the segment that was asked for last, and its server is away since. */
  let answered: { readonly name: string; readonly count: number } | undefined
  const all = async () => (await readdir(folder)).filter((name) => name.endsWith('.spool')).sort()
  const segments = async () => (await all()).filter((name) => !passedOver.has(name))
  let next = Number((await all()).at(-1)?.slice(0, 12) ?? 0) + 1
  let current: string | undefined
  let currentBytes = 0

  /** What `work` on a segment answers, or undefined when it failed, and the segment is passed over from then on. */
  async function attempt<T>(name: string, work: (file: string) => Promise<T>): Promise<T | undefined> {
    const file = join(folder, name)
    try {
      return await work(file)
    } catch (error) {
      passedOver.add(name)
      if (file === current) current = undefined
      onTrouble(file, error)
      return undefined
    }
  }

  const checksum = (json: string) => crc32(json).toString(16).padStart(8, '0')
  const records = (text: string) => text.split('\n').filter((line) => line !== '')
  function parse(line: string): EventInput | undefined {
    const json = line.slice(9)
    return line.slice(0, 8) === checksum(json) ? (JSON.parse(json) as EventInput) : undefined
  }

  async function newSegment(): Promise<string> {
    // Whoever keeps temporary folders tidy may have taken it.
    await mkdir(folder, { recursive: true })
    currentBytes = 0
    current = join(folder, `${String(next++).padStart(12, '0')}.spool`)
    return current
  }

  /** That the folder has a new file is on disk only when the folder is. */
  async function syncFolder() {
    if (process.platform === 'win32') return
    const opened = await open(folder)
    await opened.sync().finally(() => opened.close())
  }

  async function makeRoom() {
    const names = await segments()
    const sizes = await Promise.all(names.map((name) => attempt(name, async (file) => (await stat(file)).size)))
    let total = sizes.reduce<number>((sum, bytes = 0) => sum + bytes, 0)
    for (const [i, name] of names.slice(0, -1).entries()) {
      if (total <= mostBytes) return
      if (passedOver.has(name)) continue
      await attempt(name, async (file) => {
        const lost = records(await readFile(file, 'utf8')).length
        await unlink(file)
        dropped += Math.max(0, lost - (name === answered?.name ? answered.count : 0))
      })
      // Gone or passed over.
      total -= sizes[i] ?? 0
    }
  }

  return {
    async append(events) {
      const text = events
        .map((event) => JSON.stringify(event))
        .map((json) => `${checksum(json)} ${json}\n`)
        .join('')
      const bytes = Buffer.byteLength(text)
      const begun = currentBytes + bytes <= segmentBytes ? current : undefined
      const file = begun ?? (await newSegment())
      try {
        await appendFile(file, text, { flush: true })
        if (begun === undefined) await syncFolder()
      } catch (error) {
        // Part of it may be written. Its events stay with the caller, who sends or drops them: here they would count twice.
        current = undefined
        await (begun === undefined ? rm(file, { force: true }) : truncate(file, currentBytes)).catch((trouble: unknown) =>
          onTrouble(file, trouble),
        )
        throw error
      }
      currentBytes += bytes
      // The events are on disk: to reject now would have them written again.
      await makeRoom().catch((error: unknown) => onTrouble(folder, error))
    },
    async oldest() {
      for (const name of await segments()) {
        if (join(folder, name) === current) current = undefined
        const lines = await attempt(name, async (file) => records(await readFile(file, 'utf8')))
        if (lines === undefined) continue
        const events = lines.map(parse).filter((event) => event !== undefined)
        return {
          events,
          answered(count) {
            answered = { name, count }
          },
          remove: () =>
            attempt(name, async (file) => {
              await unlink(file)
              dropped += lines.length - events.length
            }),
        }
      }
      return undefined
    },
    takeDropped() {
      const count = dropped
      dropped = 0
      return count
    },
  }
}
