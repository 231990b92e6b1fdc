/** Events on disk while the server is away: append-only segments, oldest first, bounded. Node only; a browser keeps them in memory. */
import type { EventInput } from '@signalbox/model/event.ts'

export interface Spool {
  append(events: readonly EventInput[]): Promise<void>
  /** The oldest segment's events, or undefined when there is none. */
  oldest(): Promise<{ readonly events: readonly EventInput[]; remove(): Promise<void> } | undefined>
  /** Events dropped because the spool was full, since the last call. */
  takeDropped(): number
}

const segmentBytes = 1_048_576

export async function openSpool(folder: string, mostBytes: number): Promise<Spool> {
  const { appendFile, mkdir, readdir, readFile, stat, unlink } = await import('node:fs/promises')
  const { join } = await import('node:path')
  await mkdir(folder, { recursive: true })
  let dropped = 0
  const segments = async () => (await readdir(folder)).filter((name) => name.endsWith('.ndjson')).sort()
  let next = Number((await segments()).at(-1)?.slice(0, 12) ?? 0) + 1
  let current: string | undefined
  let currentBytes = 0

  /** A line cut by a crash is not an event; those before it are. */
  const parse = (text: string): EventInput[] =>
    text.split('\n').flatMap((line) => {
      try {
        return line === '' ? [] : [JSON.parse(line) as EventInput]
      } catch {
        return []
      }
    })

  async function makeRoom() {
    const sizes = await Promise.all((await segments()).map(async (name) => ({ name, bytes: (await stat(join(folder, name))).size })))
    let total = sizes.reduce((sum, { bytes }) => sum + bytes, 0)
    for (const { name, bytes } of sizes.slice(0, -1)) {
      if (total <= mostBytes) return
      dropped += parse(await readFile(join(folder, name), 'utf8')).length
      await unlink(join(folder, name))
      total -= bytes
    }
  }

  return {
    async append(events) {
      const text = events.map((event) => `${JSON.stringify(event)}\n`).join('')
      if (current === undefined || currentBytes + text.length > segmentBytes) {
        current = join(folder, `${String(next++).padStart(12, '0')}.ndjson`)
        currentBytes = 0
      }
      await appendFile(current, text, { flush: true })
      currentBytes += text.length
      await makeRoom()
    },
    async oldest() {
      const name = (await segments())[0]
      if (name === undefined) return undefined
      const file = join(folder, name)
      if (file === current) current = undefined
      const events = parse(await readFile(file, 'utf8'))
      return { events, remove: () => unlink(file) }
    },
    takeDropped() {
      const count = dropped
      dropped = 0
      return count
    },
  }
}
