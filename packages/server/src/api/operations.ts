/** What an operator asks: producers, quarantine. */
import type { FastifyInstance } from 'fastify'
import Type, { type Static } from 'typebox'
import { decodeKey, Limit, ListCursor, pageOf } from './page.ts'
import { route } from './route.ts'
import type { ApiOptions } from './routes.ts'
import { closed, missing, Page, Uuid } from './schemas.ts'

const Quarantined = closed({
  id: Type.String(),
  at: Type.String(),
  door: Type.String(),
  code: Type.String(),
  message: Type.String(),
  eventId: Type.Optional(Type.String()),
  source: Type.Optional(Type.String()),
  body: Type.String(),
  otherBody: Type.Optional(Type.String()),
})
const QuarantinePage = closed({
  ...Page(Quarantined).properties,
  notKept: Type.Integer({
    description: 'Items refused since the server started whose content was not kept: there was no room, or it could not be written.',
  }),
})
const Producer = closed({
  source: Type.String(),
  epoch: Type.Integer(),
  high: Type.Integer({ description: 'Highest seq seen in its newest epoch.' }),
  received: Type.Integer(),
  gaps: Type.Array(closed({ epoch: Type.Integer(), from: Type.Integer(), to: Type.Integer(), detectedAt: Type.String() }), {
    description: 'Sequence numbers that have not come, 2 s or 1,000 events after later ones did. At most the newest 100.',
  }),
  clones: Type.Integer({ description: 'Events that used a sequence number of another event: two producers with one name.' }),
  restarts: Type.Integer(),
  lastSeenAt: Type.String(),
  report: Type.String({ description: 'The same in a sentence.' }),
})

const ListQuery = closed({ limit: Limit, cursor: ListCursor })

export function operationRoutes(app: FastifyInstance, { pool, quarantine }: Pick<ApiOptions['store'], 'pool' | 'quarantine'>): void {
  route(
    app,
    '/v1/producers',
    { operationId: 'listProducers', tag: 'ops', summary: 'Producers with their gaps and clones', query: ListQuery, answer: Page(Producer) },
    async ({ tenant, query: { limit, cursor } }) => {
      const [after] = decodeKey('producers', ['text'], cursor) ?? []
      const found = await pool.query<{ source: string; body: Static<typeof Producer> }>(
        'select source, body from producers where tenant = $1 and source > $2 order by source limit $3',
        [tenant, after ?? '', limit + 1],
      )
      return pageOf(
        'producers',
        found,
        limit,
        ({ body }) => body,
        ({ source }) => [source],
      )
    },
  )
  route(
    app,
    '/v1/quarantine',
    {
      operationId: 'listQuarantine',
      tag: 'ops',
      summary: 'Items that were not applied, newest first',
      query: ListQuery,
      answer: QuarantinePage,
    },
    async ({ tenant, query: { limit, cursor } }) => {
      const [after] = decodeKey('quarantine', ['id'], cursor) ?? []
      const values: unknown[] = [tenant, limit + 1]
      const past = after === undefined ? '' : ` and id < $${values.push(after)}`
      const found = await pool.query<QuarantineRow>(`select * from quarantine where tenant = $1${past} order by id desc limit $2`, values)
      return { ...pageOf('quarantine', found, limit, quarantineView, ({ id }) => [id]), notKept: quarantine.notKept(tenant) }
    },
  )
  route(
    app,
    '/v1/quarantine/:id',
    {
      operationId: 'getQuarantined',
      tag: 'ops',
      summary: 'One item that was not applied',
      params: Type.Object({ id: Uuid }),
      answer: Quarantined,
    },
    async ({ tenant, params: { id } }) => {
      const { rows } = await pool.query<QuarantineRow>('select * from quarantine where tenant = $1 and id = $2', [tenant, id])
      if (rows[0] === undefined) throw missing('quarantined item', id)
      return quarantineView(rows[0])
    },
  )
}

interface QuarantineRow {
  readonly id: string
  readonly at: string
  readonly door: string
  readonly code: string
  readonly message: string
  readonly event_id: string | null
  readonly source: string | null
  readonly body: string
  readonly other_body: string | null
}

const quarantineView = (row: QuarantineRow) => ({
  id: row.id,
  at: new Date(Number(row.at)).toISOString(),
  door: row.door,
  code: row.code,
  message: row.message,
  eventId: row.event_id ?? undefined,
  source: row.source ?? undefined,
  body: row.body,
  otherBody: row.other_body ?? undefined,
})
