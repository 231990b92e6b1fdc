/** The feeds of this tab's page: each is given what continues it of what the leading tab says, and what is missing is asked for. */
import type { FeedStatus } from '@signalbox/client/feed.ts'
import type { FromLeader, ToLeader, ToPage, Wish } from './messages.ts'
import { createReader, type FeedReader } from './reader.ts'

interface Held {
  readonly reader: FeedReader
  status?: FeedStatus | undefined
  clockOffsetMs: number
  /** It has asked for what is missing, and waits. */
  asked: boolean
}

export interface Readers {
  open(id: number, wish: Wish, cursor: string | undefined): void
  close(id: number): void
  /** The page has applied what it was given of these. */
  applied(ids: readonly number[]): void
  hear(message: Exclude<FromLeader, { readonly kind: 'lead' }>): void
  /** Says again what is read, and from where: whoever leads may be another. */
  wantAll(): void
  /** What was asked for and never came is asked for again. */
  askAgain(): void
  /** Nothing is heard of the leader. */
  tellSilent(): void
}

export interface ReadersPorts {
  /** Of this tab. */
  readonly tab: string
  readonly give: (message: ToPage) => void
  readonly toLeader: (message: ToLeader) => void
  /** Default that of the outbox. */
  readonly mostEvents?: number | undefined
}

export function createReaders({ tab, give, toLeader, mostEvents }: ReadersPorts): Readers {
  const held = new Map<number, Held>()

  const tellStatus = (id: number, entry: Held, status: FeedStatus) => {
    const known = entry.status
    entry.status = status
    if (known !== undefined && (['state', 'transport', 'reason', 'attempts'] as const).every((name) => known[name] === status[name])) return
    give({ kind: 'status', id, status })
  }
  const want = (id: number, { reader }: Held) => toLeader({ kind: 'want', reader: { tab, id }, wish: reader.wish, cursor: reader.cursor() })

  function hearOne(id: number, entry: Held, message: Parameters<Readers['hear']>[0]) {
    const { reader } = entry
    if (message.kind === 'begin') reader.begin(message.cursor)
    else if (message.kind === 'status') tellStatus(id, entry, message.status)
    else if (message.kind === 'refused') {
      reader.outbox.flush()
      held.delete(id)
      give({ kind: 'refused', id, code: message.code, message: message.message })
    } else {
      entry.clockOffsetMs = message.clockOffsetMs
      const isMissing = reader.take(message.frames)
      if (!isMissing) entry.asked = false
      else if (!entry.asked) {
        entry.asked = true
        want(id, entry)
      }
    }
  }

  return {
    open(id, wish, cursor) {
      const entry: Held = {
        reader: createReader(
          wish,
          cursor,
          (batch) => give({ kind: 'batch', id, clockOffsetMs: entry.clockOffsetMs, ...batch }),
          mostEvents,
        ),
        clockOffsetMs: 0,
        asked: false,
      }
      held.set(id, entry)
      want(id, entry)
    },
    close(id) {
      if (held.delete(id)) toLeader({ kind: 'drop', reader: { tab, id } })
    },
    applied(ids) {
      for (const id of ids) held.get(id)?.reader.outbox.ready()
    },
    hear(message) {
      const { name, to } = message
      for (const [id, entry] of [...held])
        if (entry.reader.name === name && (to === undefined || (to.tab === tab && to.id === id))) hearOne(id, entry, message)
    },
    wantAll() {
      for (const [id, entry] of held) want(id, entry)
    },
    askAgain() {
      for (const [id, entry] of held) {
        entry.asked = false
        if (entry.status === undefined || entry.reader.cursor() === undefined) want(id, entry)
      }
    },
    tellSilent() {
      for (const [id, entry] of held) {
        const last = entry.status ?? { transport: 'ws', clockOffsetMs: 0, attempts: 0 }
        tellStatus(id, entry, { ...last, state: 'waiting', reason: 'the tab that is connected does not answer' })
      }
    },
  }
}
