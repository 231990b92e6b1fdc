/**
 * Keeps views and acknowledgements in step with the server. A change is shown at once and written to the outbox; it leaves that when the
 * server has it, or has a later one. Nothing here knows of browsers: tests drive it.
 */
import { type KeptChange, type KeptThing, keyOf, type Shown, shownOf } from './kept.ts'

/** What outlives the page. */
export interface Box {
  load(): Promise<{ readonly things: readonly KeptThing[]; readonly changes: readonly KeptChange[] }>
  put(change: KeptChange): Promise<void>
  /** Unless it was changed again meanwhile. */
  settle(change: KeptChange): Promise<void>
  keep(things: readonly KeptThing[]): Promise<void>
}

export interface Answer {
  readonly status: number
  readonly body: unknown
}

export interface SyncOptions {
  readonly box: Box
  /** Undefined when the server was not reached. */
  readonly ask: (method: 'GET' | 'PUT' | 'DELETE', path: string, body?: object) => Promise<Answer | undefined>
  /** By the server's clock, as far as it is known. */
  readonly now: () => number
  readonly onShown: (shown: Shown) => void
  /** A change that the server will never take, in a sentence. */
  readonly onRefused: (why: string) => void
  /** Others who look at the same box may read it again. */
  readonly onStored: () => void
  /** One at a time of all who use the box. */
  readonly alone: (run: () => Promise<void>) => Promise<void>
  readonly later: (ms: number, run: () => void) => void
  readonly random: () => number
  /** The server is reached; whoever says no calls `sync` when it is again. */
  readonly isReached: () => boolean
}

export interface KeptSync {
  /** Shows what is in the box; another page may have changed it. */
  reload(): Promise<void>
  change(change: Content): void
  /** Sends what waits and reads what is kept. Called while it is under way it is done once more. */
  sync(): Promise<void>
}
type Content = Omit<KeptThing, 'at'> | Omit<KeptChange & { readonly body: null }, 'at'>

const firstRetryMs = 1_000
const longestRetryMs = 60_000

const paths = { view: '/v1/views', acknowledgement: '/v1/acknowledgements' } as const

interface Problem {
  readonly code?: string
  readonly title?: string
  readonly detail?: string
  readonly serverTime?: string
}
interface Changed {
  readonly current: (Record<string, string> & { readonly name?: string }) | null
  readonly at: string
}
interface Listed {
  readonly items: readonly Record<string, string>[]
}

const viewOf = ({ id = '', name = '', screen = '', search = '', savedAt = '' }: Record<string, string>): KeptThing => ({
  ...{ kind: 'view', id, at: Date.parse(savedAt) },
  body: { name, screen, search },
})
const acknowledgementOf = ({ subject = '', note = '', at = '' }: Record<string, string>): KeptThing => ({
  ...{ kind: 'acknowledgement', id: subject, at: Date.parse(at) },
  body: { note },
})
const thingOf = { view: viewOf, acknowledgement: acknowledgementOf }

export function createKeptSync({ box, ask, now, onShown, onRefused, onStored, alone, later, random, isReached }: SyncOptions): KeptSync {
  let things = new Map<string, KeptThing>()
  /** Of things that were removed: a change made after that has to be later. */
  const removedAt = new Map<string, number>()
  let changes = new Map<string, KeptChange>()
  /** Changes whose way into the box has not ended, or failed: this page keeps them itself. */
  const unwritten = new Map<string, KeptChange>()
  let running: Promise<void> | undefined
  let again = false
  let retrying = false
  let failures = 0
  let writing = Promise.resolve()

  const show = () => onShown(shownOf(things.values(), changes))
  const write = (run: () => Promise<void>) => {
    writing = writing.then(run).then(onStored, () => undefined)
    return writing
  }
  const put = (change: KeptChange) => {
    changes.set(keyOf(change), change)
    unwritten.set(keyOf(change), change)
    return write(async () => {
      await box.put(change)
      if (unwritten.get(keyOf(change)) === change) unwritten.delete(keyOf(change))
    })
  }

  async function reload() {
    await writing
    const held = await box.load()
    things = new Map(held.things.map((thing) => [keyOf(thing), thing]))
    changes = new Map([...held.changes, ...unwritten.values()].map((one) => [keyOf(one), one]))
    show()
  }

  const settle = (change: KeptChange) => {
    for (const held of [changes, unwritten]) if (held.get(keyOf(change)) === change) held.delete(keyOf(change))
    return write(() => box.settle(change))
  }
  const restamp = async (change: KeptChange, at: number) => {
    if (changes.get(keyOf(change)) === change) await put({ ...change, at })
  }

  /** False when the server is not reached, or will not take anything now. */
  async function send(change: KeptChange): Promise<boolean> {
    const at = new Date(change.at).toISOString()
    const path = `${paths[change.kind]}/${encodeURIComponent(change.id)}`
    const answer =
      change.body === null ? await ask('DELETE', `${path}?at=${encodeURIComponent(at)}`) : await ask('PUT', path, { ...change.body, at })
    if (answer === undefined || answer.status >= 500 || answer.status === 401 || answer.status === 403) return false
    if (answer.status < 300) {
      const { current, at: heldAt } = answer.body as Changed
      if (current === null) {
        things.delete(keyOf(change))
        removedAt.set(keyOf(change), Date.parse(heldAt))
      } else things.set(keyOf(change), thingOf[change.kind](current))
      await settle(change)
      return true
    }
    const { code, title = 'The server refused it.', detail, serverTime } = answer.body as Problem
    // This machine's clock is ahead, and was not known to be.
    if (code === 'CHANGE_FROM_FUTURE' && serverTime !== undefined) await restamp(change, Date.parse(serverTime))
    else {
      await settle(change)
      onRefused(`${title}${detail === undefined ? '' : ` ${detail}`}`)
    }
    return true
  }

  /** False when it has to be tried again. */
  async function round(): Promise<boolean> {
    for (const change of [...changes.values()].sort((a, b) => a.at - b.at)) if (!(await send(change))) return false
    const [views, acknowledgements] = await Promise.all([ask('GET', paths.view), ask('GET', paths.acknowledgement)])
    if (views?.status !== 200 || acknowledgements?.status !== 200) return false
    things = new Map(
      [...(views.body as Listed).items.map(viewOf), ...(acknowledgements.body as Listed).items.map(acknowledgementOf)].map((thing) => [
        keyOf(thing),
        thing,
      ]),
    )
    const read = [...things.values()]
    await write(() => box.keep(read))
    return true
  }

  function retry() {
    if (retrying) return
    retrying = true
    later(firstRetryMs + random() * Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(failures, 10)), () => {
      retrying = false
      void sync()
    })
  }

  function sync(): Promise<void> {
    if (!isReached()) return Promise.resolve()
    again = true
    running ??= (async () => {
      while (again) {
        again = false
        let done = false
        await alone(async () => {
          await reload()
          done = await round()
          show()
        }).catch(() => undefined)
        failures = done ? 0 : failures + 1
        // Not taken, or stamped anew.
        if (changes.size > 0 || !done) retry()
      }
    })().finally(() => {
      running = undefined
    })
    return running
  }

  return {
    reload,
    change(content) {
      const key = keyOf(content)
      // Whoever changes what they see means it to hold, whatever their clock says.
      const seenAt = Math.max(things.get(key)?.at ?? 0, changes.get(key)?.at ?? 0, removedAt.get(key) ?? 0)
      const change = { ...content, at: Math.max(now(), seenAt + 1) } as KeptChange
      const written = put(change)
      show()
      void written.then(sync)
    },
    sync,
  }
}
