/**
 * Follows the transcripts of Claude Code on disk and sends what they say, as `import` would: the same events with the same ids.
 *
 * Promises: what was sent is not sent again, also after a restart, but that files which went on within the hour before it, or go on after
 * it, are read once more from their start for what their next lines lean on. A half-written line waits for its end; a file that was
 * truncated or replaced begins anew. It never invents an end: a session that is silent may go on.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { type FileHandle, open, readdir, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, sep } from 'node:path'
import type { EpochMs, EventInput } from '@signalbox/model/event.ts'
import { eventOf } from '@signalbox/model/foreign.ts'
import { createReader, type Sink } from '../import/claude-code-reader.ts'
import { linesOf } from './lines.ts'
import { headBytes, type Offsets } from './offsets.ts'

export interface WatcherOptions {
  readonly folder: string
  readonly offsets: Offsets
  /** Resolves when they are stored, or refused for good. */
  readonly send: (events: readonly EventInput[]) => Promise<void>
  /** Files that did not change since are left alone until they do. Epoch ms. */
  readonly since: EpochMs
  readonly now: () => EpochMs
  /** Told once of a file that cannot be read. */
  readonly onUnreadable: (path: string, error: unknown) => void
}

export interface Watcher {
  /** Reads and sends what is new. `only`: of files of which something was heard, relative to the folder; default, and the first time: of all. */
  pass(only?: ReadonlySet<string>): Promise<void>
}

/** Sent together: read and not yet sent is done again after a restart. */
const mostEvents = 2_000
/** What is known of a file goes when it was silent for so long. */
const forgetMs = 3_600_000
/** Written no more often; who stops saves it. */
const saveMs = 5_000

export function createWatcher({ folder, offsets, send, since, now, onUnreadable }: WatcherOptions): Watcher {
  /** Size and time of files as they were looked at last. */
  const looked = new Map<string, string>()
  /** Files that the reader knows to this byte. */
  const known = new Map<string, { bytes: number; at: EpochMs }>()
  const subagents = new Set<string>()
  let savedAt = now()
  let hasSeenAll = false
  const { sink, gathered, mute } = gathering()
  /** Of the file that is read, relative to the folder. */
  let project = ''
  const reader = createReader({ out: sink, hasOwnFile: (session, agent) => subagents.has(agent) || isThere(session, agent) })

  /** Made since the last pass; nobody may have told of it yet. */
  const isThere = (session: string, agent: string) =>
    [join(session, 'subagents'), ''].some((place) => existsSync(join(folder, project, place, `agent-${agent}.jsonl`)))

  function forget(path: string) {
    reader.forget(path)
    known.delete(path)
    looked.delete(path)
  }

  async function flush(path: string, bytes: number, head: string) {
    if (gathered.length > 0) await send(gathered.splice(0).toSorted((a, b) => Date.parse(a.time) - Date.parse(b.time)))
    offsets.set(path, { bytes, head })
  }

  async function readOn(path: string, file: FileHandle) {
    const { size, mtimeMs } = await file.stat()
    const before = offsets.get(path)
    const isSame = before !== undefined && size >= before.bytes && before.head === (await headOf(file, before.bytes))
    if (!isSame) reader.forget(path)
    const sent = isSame ? before.bytes : 0
    const isOld = before === undefined && mtimeMs < since
    // What it told before is asked for by files that go on beside it.
    const isKnown = known.has(path) || mtimeMs < now() - forgetMs
    if (isOld || (size === sent && isKnown)) return
    const from = isSame && known.get(path)?.bytes === sent ? sent : 0
    if (from !== sent) reader.forget(path)
    project = dirname(path)
    let reached = sent
    for await (const line of linesOf(file, from)) {
      mute(line.from < sent)
      reader.line(path, line.text)
      reached = Math.max(sent, line.to)
      if (gathered.length >= mostEvents) await flush(path, reached, await headOf(file, reached))
    }
    mute(false)
    known.set(path, { bytes: reached, at: now() })
    if (reached > sent || gathered.length > 0) await flush(path, reached, await headOf(file, reached))
  }

  async function all(): Promise<ReadonlySet<string>> {
    const found = await transcripts(folder)
    offsets.keep(found)
    for (const path of known.keys()) if (!found.has(path)) forget(path)
    for (const [path, { at }] of known) if (now() - at > forgetMs) forget(path)
    return found
  }

  async function look(path: string) {
    const found = await stat(join(folder, path)).catch(() => undefined)
    const is = `${found?.size} ${found?.mtimeMs}`
    if (found === undefined || looked.get(path) === is) return
    const file = await open(join(folder, path)).catch((error: unknown) => onUnreadable(path, error))
    // What comes while it is read is seen by the next look.
    looked.set(path, is)
    if (!file) return
    try {
      await readOn(path, file)
    } finally {
      await file.close()
    }
  }

  return {
    async pass(only) {
      // Which subagents have files of their own is to be known before any is read.
      const paths = hasSeenAll && only !== undefined ? only : await all()
      hasSeenAll = true
      for (const path of paths) {
        const agent = /^agent-(.+)\.jsonl$/.exec(basename(path))?.[1]
        if (agent !== undefined) subagents.add(agent)
      }
      // A session before its subagents: `<session>.jsonl` before `<session>/`.
      for (const path of [...paths].toSorted()) await look(path)
      if (now() - savedAt < saveMs) return
      savedAt = now()
      await offsets.save()
    },
  }
}

/** Below the folder, relative to it, with `/`. */
async function transcripts(folder: string): Promise<ReadonlySet<string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile() && isTranscript(entry.name))
  return new Set(files.map(({ parentPath, name }) => relative(folder, join(parentPath, name)).split(sep).join('/')))
}

export const isTranscript = (path: string): boolean => path.endsWith('.jsonl')

async function headOf(file: FileHandle, bytes: number): Promise<string> {
  const length = Math.min(bytes, headBytes)
  const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, 0)
  return createHash('sha256').update(buffer.subarray(0, bytesRead)).digest('base64url').slice(0, 22)
}

/** Events of lines; muted, of lines that were sent before, only what other files may have waited for. */
function gathering() {
  const gathered: EventInput[] = []
  let isMuted = false
  const add: Sink['add'] = (source, draft) => {
    const event = eventOf(source, draft)
    if (!isMuted || draft.type.endsWith('.attributed')) gathered.push(event)
    return event.id
  }
  const nothing = () => {}
  const sink: Sink = {
    add,
    derive: (source, draft) => add(source, { ...draft, data: { ...draft.data, derived: true } }),
    record: nothing,
    skip: nothing,
    lose: nothing,
  }
  return {
    gathered,
    sink,
    mute(muted: boolean) {
      isMuted = muted
    },
  }
}
