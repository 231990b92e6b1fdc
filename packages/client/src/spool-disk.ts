/**
 * Append-only segments in a folder. One line a record: its CRC-32 in hex, a space, the event as JSON.
 * A record that a crash cut or a disk spoiled is counted as dropped.
 */
import { appendFile, mkdir, open, readdir, readFile, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { EventInput } from '@signalbox/model/event.ts'
import type { Spool } from './spool.ts'

const largestSegmentBytes = 1_048_576
/** The oldest segment goes as a whole, so a small spool needs small segments. */
const fewestSegments = 4

export async function openSpool(folder: string, mostBytes: number): Promise<Spool> {
  await mkdir(folder, { recursive: true })
  const segmentBytes = Math.min(largestSegmentBytes, mostBytes / fewestSegments)
  let dropped = 0
  const segments = async () => (await readdir(folder)).filter((name) => name.endsWith('.spool')).sort()
  let next = Number((await segments()).at(-1)?.slice(0, 12) ?? 0) + 1
  let current: string | undefined
  let currentBytes = 0
  /** What cannot be read or removed: left for people to look at, so that it holds up nothing that came after it. */
  const passedOver = new Set<string>()

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
    const sizes = await Promise.all((await segments()).map(async (name) => ({ name, bytes: (await stat(join(folder, name))).size })))
    let total = sizes.reduce((sum, { bytes }) => sum + bytes, 0)
    for (const { name, bytes } of sizes.slice(0, -1)) {
      if (total <= mostBytes) return
      const file = join(folder, name)
      if (passedOver.has(name)) continue
      dropped += records(await readFile(file, 'utf8')).length
      await unlink(file)
      total -= bytes
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
        // Part of it may be written; what comes next must not continue that line.
        current = undefined
        throw error
      }
      currentBytes += bytes
      await makeRoom()
    },
    async oldest() {
      const name = (await segments()).find((found) => !passedOver.has(found))
      if (name === undefined) return undefined
      const file = join(folder, name)
      if (file === current) current = undefined
      const passOver = (error: unknown): never => {
        passedOver.add(name)
        throw error
      }
      const lines = records(await readFile(file, 'utf8').catch(passOver))
      const events = lines.map(parse).filter((event) => event !== undefined)
      return {
        events,
        async remove() {
          await unlink(file).catch(passOver)
          dropped += lines.length - events.length
        },
      }
    },
    takeDropped() {
      const count = dropped
      dropped = 0
      return count
    },
  }
}
