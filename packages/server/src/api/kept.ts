/** Saved views and acknowledgements: the only things that are written here. They change no event, so a key that may read may keep them. */
import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { Refused } from '../http/problem.ts'
import { change, changesWithinMs, type Kept, type KeptKind, keptOf, mostKept } from '../store/kept.ts'
import { route } from './route.ts'
import type { ApiOptions } from './routes.ts'
import { closed } from './schemas.ts'
import { instantOf } from './time.ts'

/** Clocks are read a little apart from each other; a page sets its own by the server's heartbeats. */
const futureMs = 1_000

const Time = Type.String({ description: 'RFC 3339, UTC, milliseconds.' })
const At = Type.Optional(
  Type.String({ maxLength: 40, description: 'When it was changed, RFC 3339; now when absent. Of two changes the later one holds.' }),
)
const ViewBody = {
  name: Type.String({ minLength: 1, maxLength: 200 }),
  screen: Type.String({ maxLength: 400, pattern: '^/([^/\\\\]|$)', description: 'Path of its screen, as /tail.' }),
  search: Type.String({ maxLength: 4_000, pattern: '^(\\?|$)', description: 'Query of its address, as ?type=tool.*' }),
}
const View = closed({ id: Type.String(), ...ViewBody, savedAt: Time })
const Note = Type.String({ maxLength: 500 })
const Acknowledgement = closed({ subject: Type.String(), note: Note, at: Time })

const ViewId = Type.Object({ id: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }) })
const Subject = Type.Object({
  subject: Type.String({
    maxLength: 560,
    pattern: '^[a-z]{1,16}:[^\\u0000]+$',
    description: 'What is known and needs no more attention: agent:<id>, task:<run><U+001F><id>.',
  }),
})
const ChangedBy = closed({ at: At })
const changed = (item: typeof View | typeof Acknowledgement) =>
  closed({
    current: Type.Union([item, Type.Null()], { description: 'What is kept now: this change or a later one. null: it is removed.' }),
    at: Type.String({ description: 'Of the change that holds.' }),
  })

const time = (ms: number) => new Date(ms).toISOString()
const viewOf = ({ id, at, body }: Kept) => ({ id, ...(JSON.parse(body ?? '{}') as object), savedAt: time(at) })
const acknowledgementOf = ({ id, at, body }: Kept) => ({ subject: id, ...(JSON.parse(body ?? '{}') as object), at: time(at) })

/** Changes that wait for their turn at most; they are made by hand. */
const mostWaiting = 1_000

export function keptRoutes(app: FastifyInstance, { store, now }: Pick<ApiOptions, 'store' | 'now'>): void {
  /** One at a time: each that waited for its lock in the database would hold a connection that readers need. */
  let turn: Promise<unknown> = Promise.resolve()
  let waiting = 0
  function inTurn<T>(task: () => Promise<T>): Promise<T> {
    if (waiting >= mostWaiting)
      throw new Refused({ code: 'OVERLOADED', detail: `${mostWaiting} changes wait already.`, retryAfterMs: 1_000 })
    waiting += 1
    const mine = turn.then(task).finally(() => {
      waiting -= 1
    })
    turn = mine.catch(() => undefined)
    return mine
  }
  function timeOf(text: string | undefined): number {
    const at = text === undefined ? now() : instantOf(text)
    if (Number.isNaN(at)) throw new Refused({ code: 'BAD_REQUEST', detail: 'The parameter "at" is no RFC 3339 time.' })
    const more = { serverTime: time(now()) }
    if (at > now() + futureMs) throw new Refused({ code: 'CHANGE_FROM_FUTURE', detail: `The change is of ${time(at)}.`, more })
    if (at < now() - changesWithinMs) throw new Refused({ code: 'CHANGE_TOO_OLD', detail: `The change is of ${time(at)}.`, more })
    return at
  }
  async function keep(tenant: string, kind: KeptKind, id: string, at: string | undefined, body: object | null) {
    const changed = { tenant, kind, id, at: timeOf(at), body: body === null ? null : JSON.stringify(body) }
    const held = await inTurn(() => change(store.pool, changed))
    if (held === undefined)
      throw new Refused({ code: 'TOO_MANY_KEPT', detail: `There are ${mostKept[kind].toLocaleString('en')} of them, or too many removed.` })
    const current = held.body === null ? null : kind === 'view' ? viewOf(held) : acknowledgementOf(held)
    return { current, at: time(held.at) }
  }
  const description = 'A key with the scope `read` may do this: it changes no event.'

  const views = closed({ items: Type.Array(View) })
  route(
    app,
    '/v1/views',
    { operationId: 'listViews', tag: 'kept', summary: `Saved views, all of them: at most ${mostKept.view}`, answer: views },
    async ({ tenant }) => ({ items: (await keptOf(store.pool, tenant, 'view')).map(viewOf) }),
  )
  route(
    app,
    '/v1/views/:id',
    {
      method: 'PUT',
      operationId: 'saveView',
      tag: 'kept',
      summary: 'Save a view',
      description,
      params: ViewId,
      body: closed({ ...ViewBody, at: At }),
      answer: changed(View),
    },
    async ({ tenant, params: { id }, body: { name, screen, search, at } }) => keep(tenant, 'view', id, at, { name, screen, search }),
  )
  route(
    app,
    '/v1/views/:id',
    {
      method: 'DELETE',
      operationId: 'removeView',
      tag: 'kept',
      summary: 'Remove a saved view',
      description,
      params: ViewId,
      query: ChangedBy,
      answer: changed(View),
    },
    async ({ tenant, params: { id }, query: { at } }) => keep(tenant, 'view', id, at, null),
  )

  const acknowledgements = closed({ items: Type.Array(Acknowledgement) })
  const all = `Acknowledgements, all of them: at most ${mostKept.acknowledgement.toLocaleString('en')}`
  route(
    app,
    '/v1/acknowledgements',
    { operationId: 'listAcknowledgements', tag: 'kept', summary: all, answer: acknowledgements },
    async ({ tenant }) => ({ items: (await keptOf(store.pool, tenant, 'acknowledgement')).map(acknowledgementOf) }),
  )
  route(
    app,
    '/v1/acknowledgements/:subject',
    {
      method: 'PUT',
      operationId: 'acknowledge',
      tag: 'kept',
      summary: 'Acknowledge a trouble',
      description,
      params: Subject,
      body: closed({ note: Note, at: At }),
      answer: changed(Acknowledgement),
    },
    async ({ tenant, params: { subject }, body: { note, at } }) => keep(tenant, 'acknowledgement', subject, at, { note }),
  )
  route(
    app,
    '/v1/acknowledgements/:subject',
    {
      method: 'DELETE',
      operationId: 'unacknowledge',
      tag: 'kept',
      summary: 'Take an acknowledgement back',
      description,
      params: Subject,
      query: ChangedBy,
      answer: changed(Acknowledgement),
    },
    async ({ tenant, params: { subject }, query: { at } }) => keep(tenant, 'acknowledgement', subject, at, null),
  )
}
