/** How far each file was read and sent: a small file beside nobody's transcripts, so that a watcher that starts again goes on. */
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { isObject, parseObject } from '@signalbox/model/text.ts'

export interface Offset {
  /** Bytes of whole lines whose events were taken. */
  readonly bytes: number
  /** Hash of the file's first bytes, at most `headBytes` of those: another file of that name is read from its start. */
  readonly head: string
}

export interface Offsets {
  get(path: string): Offset | undefined
  set(path: string, offset: Offset): void
  /** Forgets files that are not there any more. */
  keep(paths: ReadonlySet<string>): void
  /** Writes it, if it changed. */
  save(): Promise<void>
}

export const headBytes = 256

/** One for each server and folder. */
export function defaultPlace(url: string, folder: string, env: NodeJS.ProcessEnv = process.env): string {
  const home = env.XDG_STATE_HOME || join(homedir(), '.local', 'state')
  const name = createHash('sha256').update(`${url}\n${folder}`).digest('hex').slice(0, 16)
  return join(home, 'signalbox', `watch-claude-code-${name}.json`)
}

/** Begins empty where there is no file, or none that can be understood: all is read again then, and nothing doubles. */
export async function openOffsets(place: string): Promise<Offsets> {
  const text = await readFile(place, 'utf8').catch(() => '')
  const held = new Map(entriesOf(parseObject(text)?.files))
  let isChanged = false
  return {
    get: (path) => held.get(path),
    set(path, offset) {
      held.set(path, offset)
      isChanged = true
    },
    keep(paths) {
      for (const path of held.keys()) if (!paths.has(path)) isChanged = held.delete(path)
    },
    async save() {
      if (!isChanged) return
      isChanged = false
      await mkdir(dirname(place), { recursive: true })
      await writeFile(`${place}.new`, JSON.stringify({ files: Object.fromEntries(held) }))
      await rename(`${place}.new`, place)
    },
  }
}

const entriesOf = (files: unknown): [string, Offset][] =>
  Object.entries(isObject(files) ? files : {}).flatMap(([path, offset]) =>
    isObject(offset) && Number.isSafeInteger(offset.bytes) && typeof offset.head === 'string'
      ? [[path, { bytes: Number(offset.bytes), head: offset.head }]]
      : [],
  )
