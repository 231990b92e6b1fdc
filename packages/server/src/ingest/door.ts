/**
 * What doors over HTTP for other tools' formats share: the body under limits, its events on the way in, and whose of the sender's items
 * was refused.
 */
import { type EventEmitter, once } from 'node:events'
import type { Readable } from 'node:stream'
import type { TenantId } from '@signalbox/model/event.ts'
import type { MadeEvent } from '@signalbox/model/foreign.ts'
import type { Durability, ItemRefusal } from '@signalbox/model/live.ts'
import type { RefusalCode } from '@signalbox/model/refusals.ts'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Clock } from '../clock.ts'
import { Refused } from '../http/problem.ts'
import { readBody } from './body.ts'
import type { InFlight, Share } from './in-flight.ts'
import type { Receipt, Receive } from './receive.ts'

export interface DoorDeps {
  readonly receive: Receive
  /** Of all doors together. */
  readonly inFlight: InFlight
  readonly config: { readonly maxBodyBytes: number; readonly maxBatchEvents: number }
  readonly clock: Clock
  /** Told of a request that was refused before it had events. */
  readonly onRefused: (code: RefusalCode) => void
  /** Told of a fault that the sender is not told of. */
  readonly onFault: (error: unknown) => void
}

/** An event, or an item that can be none for ever; `item`: which of the request's own items it came from. */
export type Mapped = { readonly item: number } & (
  | { readonly event: MadeEvent }
  | { readonly refused: { readonly code: RefusalCode; readonly message: string }; readonly value: unknown }
)

export interface Delivered {
  readonly accepted: number
  readonly duplicates: number
  /** By the request's own items, each once, in their order. */
  readonly refused: ReadonlyMap<number, ItemRefusal>
  readonly durability: Durability
  readonly cursor: string
}

export interface DeliverOptions {
  readonly tenant: TenantId
  /** As metrics and the quarantine name it. */
  readonly door: string
  /** Events older than the retention are taken. */
  readonly backfill?: boolean
}

/** Bodies reach the routes of `app` as they come; `bodyOf` reads them. */
export function takeAnyBody(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
}

/** What an answer is written to. */
interface Answering {
  readonly raw: EventEmitter & { readonly destroyed: boolean }
}

/** Serves with a share that is held until the answer is written, and the sender gone or answered: who hangs up has its body worked on all the same. */
export function holding<T>(inFlight: InFlight, { raw }: Answering, serve: (share: Share) => Promise<T>): Promise<T> {
  const share = inFlight.open()
  const answered = serve(share)
  const closed = raw.destroyed ? undefined : once(raw, 'close')
  void Promise.allSettled([answered, closed]).then(share.close)
  return answered
}

/** Of a route whose only parameter is `backfill`; Fastify's own validation is off with that of the body. Throws `Refused`. */
export function isBackfill({ query }: FastifyRequest): boolean {
  const { backfill = 'false', ...others } = query as Readonly<Record<string, unknown>>
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw new Refused({ code: 'BAD_REQUEST', detail: `There is no parameter "${unknown.slice(0, 100)}" here.` })
  if (backfill === 'true' || backfill === 'false') return backfill === 'true'
  throw new Refused({ code: 'BAD_REQUEST', detail: 'The parameter "backfill" must be true or false.' })
}

/** The body, decompressed, held in `share`. Throws `Refused`, of which `onRefused` is told. */
export async function bodyOf({ headers, body }: FastifyRequest, deps: DoorDeps, share: Share): Promise<Buffer> {
  try {
    return await readBody(body as Readable | undefined, {
      encoding: headers['content-encoding'],
      length: headers['content-length'] === undefined ? undefined : Number(headers['content-length']),
      maxBytes: deps.config.maxBodyBytes,
      inFlight: deps.inFlight,
      share,
    })
  } catch (error) {
    if (error instanceof Refused) deps.onRefused(error.init.code)
    throw error
  }
}

/**
 * Stores the events, in batches of at most `maxBatchEvents`. Rejects with `Unavailable` when a batch could not be stored: the sender has
 * to send all of it again, and what was stored is a duplicate then.
 * What was mapped is not held while its events wait for their commit.
 */
export function deliver(
  mapped: readonly Mapped[],
  { receive, config }: Pick<DoorDeps, 'receive' | 'config'>,
  { tenant, door, backfill = false }: DeliverOptions,
): Promise<Delivered> {
  const most = config.maxBatchEvents
  const parts: (readonly Mapped[])[] = []
  for (let from = 0; from === 0 || from < mapped.length; from += most) parts.push(mapped.slice(from, from + most))
  const items = parts.map((part) => part.map(({ item }) => item))
  return delivered(items, () => receive(parts.shift() ?? [], { tenant, door, backfill }))
}

/** `items`: of each batch its events' items. */
async function delivered(items: readonly (readonly number[])[], receiveNext: () => Promise<Receipt>): Promise<Delivered> {
  let accepted = 0
  let duplicates = 0
  let cursor = ''
  let durability: Durability = 'durable'
  const refused = new Map<number, ItemRefusal>()
  for (const part of items) {
    const receipt = await receiveNext()
    accepted += receipt.accepted
    duplicates += receipt.duplicates
    cursor = receipt.cursor
    durability = receipt.durability
    for (const refusal of receipt.refused) {
      const item = part[refusal.index] ?? refusal.index
      if (!refused.has(item)) refused.set(item, refusal)
    }
  }
  return { accepted, duplicates, durability, cursor, refused: new Map([...refused].sort(([a], [b]) => a - b)) }
}
