/** The long poll, `/v1/poll`: what there is after a cursor, or the first that comes. Holds nothing between two requests. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Static } from 'typebox'
import type { Clock } from '../clock.ts'
import { endWhenStuck } from './drain.ts'
import type { Encoded } from './frames.ts'
import type { Hub, Reading } from './live.ts'
import { isSame } from './place.ts'
import { badCursor, filterOf, heldCursor, noRoom, type PollQuery } from './query.ts'

/** An answer ends when it has this much. */
const answerBytes = 1024 * 1024

interface Question {
  /** The reader has a cursor: it was answered before. */
  readonly hasCursor: boolean
  readonly limit: number
  readonly until: readonly number[] | undefined
  readonly now: () => number
  /** Resolves when there may be more to read. Answers false when the time is over. */
  readonly more: (isThere: () => boolean) => Promise<boolean>
}

interface Answer {
  readonly frames: readonly Encoded[]
  readonly cursor: string
}

export async function answer(reading: Reading, { hasCursor, limit, until, more, now }: Question, isState: boolean): Promise<Answer> {
  const frames: Encoded[] = []
  const found = await reading.place()
  // An event feed without a cursor has nothing to wait for: its reader wants to know where now is.
  if (found.kind === 'now') return { frames, cursor: reading.cursorOf(reading.heads()) }
  // Of a log without an event it has all there is: told again at once, it would ask again at once, without end.
  const isEmpty = () => reading.heads().every((head) => head === 0)
  if (found.kind === 'snapshot' && hasCursor && isEmpty() && !(await more(() => !isEmpty())))
    return { frames, cursor: reading.cursorOf(reading.heads()) }
  let at: readonly number[] = []
  if (found.kind !== 'snapshot') at = found.positions
  if (found.kind === 'at' && found.held !== undefined) frames.push(reading.pages.respelled(found.held, now()))
  if (found.kind === 'resync') frames.push(reading.pages.resync(found.reason, found.positions))
  if (found.kind === 'snapshot' || (found.kind === 'resync' && isState)) {
    const snapshot = await reading.snapshot()
    frames.push(...(await reading.pages.snapshot(snapshot)))
    at = snapshot.positions
  }
  /** The last frame's end: where the next one must begin. */
  let held = at
  let items = 0
  let bytes = 0
  const target = () => reading.heads().map((head, i) => Math.max(at[i] ?? 0, Math.min(head, until?.[i] ?? head)))
  const hasRoom = () => items < limit && bytes < answerBytes
  do {
    while (hasRoom() && !isSame(at, target())) {
      const page = await reading.next({ after: at, from: held, upTo: target() }, { items: limit - items, bytes: answerBytes - bytes })
      at = page.to
      if (page.frame === undefined) continue
      held = at
      frames.push(page.frame)
      items += page.frame.items
      bytes += page.frame.bytes
    }
  } while (frames.length === 0 && until === undefined && (await more(() => !isSame(at, target()))))
  return { frames, cursor: reading.cursorOf(at) }
}

export async function poll(
  { hub, clock }: { readonly hub: Hub; readonly clock: Clock },
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const query = request.query as Static<typeof PollQuery>
  const held = heldCursor(query.cursor)
  const until = heldCursor(query.until)
  if (held === undefined || until === undefined) throw badCursor()
  let over = false
  let wake = () => {}
  const end = () => {
    over = true
    wake()
  }
  if (reply.raw.destroyed) return reply
  const seat = hub.enter('poll', end)
  if (seat === undefined) throw noRoom()
  const forgetFlushes = hub.onFlush(() => wake())
  const cancelWait = clock.after(query.wait * 1_000, end)
  over = query.wait === 0
  request.raw.socket.once('close', end)
  const reading = hub.read({
    tenant: request.caller.tenant,
    feed: query.feed,
    filter: filterOf(query),
    framing: 'text',
    ...held,
    fromStart: query.from === 'start',
  })
  try {
    const { frames, cursor } = await answer(
      reading,
      {
        hasCursor: query.cursor !== undefined,
        limit: query.limit,
        until: until.cursor?.positions,
        now: clock.now,
        async more(isThere) {
          while (!over && !isThere()) {
            await new Promise<void>((resume) => {
              wake = resume
            })
          }
          return !over
        },
      },
      query.feed === 'state',
    )
    reading.delivered(frames)
    endWhenStuck(reply.raw, hub, clock)
    return reply
      .header('cache-control', 'no-store')
      .type('application/json')
      .send(`{"frames":[${frames.map(({ payload }) => payload).join(',')}],"cursor":"${cursor}"}`)
  } finally {
    reading.close()
    forgetFlushes()
    cancelWait()
    request.raw.socket.off('close', end)
    seat.leave()
  }
}
