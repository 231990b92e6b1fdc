/** What an operator asks: producers, quarantine, the server itself. */
import type { FastifyInstance } from 'fastify'
import Type, { type Static } from 'typebox'
import { encodeCursor } from '../live/cursor.ts'
import { decodeKey, encodeKey, Limit, ListCursor, pageOf } from './page.ts'
import type { ApiOptions } from './routes.ts'
import { answers, closed, missing, Page, read, Uuid } from './schemas.ts'

const Quarantined = Type.Object(
  {
    id: Type.String(),
    at: Type.String(),
    door: Type.String(),
    code: Type.String(),
    message: Type.String(),
    eventId: Type.Optional(Type.String()),
    source: Type.Optional(Type.String()),
    body: Type.String(),
    otherBody: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
)
const Producer = Type.Object(
  {
    source: Type.String(),
    epoch: Type.Integer(),
    high: Type.Integer({ description: 'Highest seq seen in its newest epoch.' }),
    received: Type.Integer(),
    gaps: Type.Array(
      Type.Object(
        { epoch: Type.Integer(), from: Type.Integer(), to: Type.Integer(), detectedAt: Type.String() },
        { additionalProperties: false },
      ),
      { description: 'Sequence numbers that have not come, 2 s or 1,000 events after later ones did. At most the newest 100.' },
    ),
    clones: Type.Integer({ description: 'Events that used a sequence number of another event: two producers with one name.' }),
    restarts: Type.Integer(),
    lastSeenAt: Type.String(),
    report: Type.String({ description: 'The same in a sentence.' }),
  },
  { additionalProperties: false },
)

export function operationRoutes(app: FastifyInstance, { store, config, version, now }: ApiOptions): void {
  const { pool, reader, meta } = store
  const ListQuery = closed({ limit: Limit, cursor: ListCursor })
  app.get(
    '/v1/producers',
    {
      config: read,
      schema: {
        operationId: 'listProducers',
        tags: ['ops'],
        summary: 'Producers with their gaps and clones',
        querystring: ListQuery,
        response: answers(Page(Producer)),
      },
    },
    async (request) => {
      const q = request.query as Static<typeof ListQuery>
      const [after] = decodeKey('producers', ['text'], q.cursor) ?? []
      const { rows } = await pool.query<{ source: string; body: Static<typeof Producer> }>(
        'select source, body from producers where tenant = $1 and source > $2 order by source limit $3',
        [request.caller.tenant, after ?? '', q.limit + 1],
      )
      return pageOf(
        rows,
        q.limit,
        ({ body }) => body,
        ({ source }) => encodeKey('producers', [source]),
      )
    },
  )
  app.get(
    '/v1/quarantine',
    {
      config: read,
      schema: {
        operationId: 'listQuarantine',
        tags: ['ops'],
        summary: 'Items that were not applied, newest first',
        querystring: ListQuery,
        response: answers(Page(Quarantined)),
      },
    },
    async (request) => {
      const q = request.query as Static<typeof ListQuery>
      const [after] = decodeKey('quarantine', ['id'], q.cursor) ?? []
      const { rows } = await pool.query<QuarantineRow>(
        'select * from quarantine where tenant = $1 and ($2::uuid is null or id < $2) order by id desc limit $3',
        [request.caller.tenant, after ?? null, q.limit + 1],
      )
      return pageOf(rows, q.limit, quarantineView, ({ id }) => encodeKey('quarantine', [id]))
    },
  )
  app.get(
    '/v1/quarantine/:id',
    {
      config: read,
      schema: {
        operationId: 'getQuarantined',
        tags: ['ops'],
        summary: 'One item that was not applied',
        params: Type.Object({ id: Uuid }),
        response: answers(Quarantined),
      },
    },
    async (request) => {
      const { id } = request.params as { id: string }
      const { rows } = await pool.query<QuarantineRow>('select * from quarantine where tenant = $1 and id = $2', [
        request.caller.tenant,
        id,
      ])
      if (rows[0] === undefined) throw missing('quarantined item', id)
      return quarantineView(rows[0])
    },
  )
  app.get(
    '/v1/info',
    {
      config: read,
      schema: {
        operationId: 'info',
        tags: ['ops'],
        summary: 'About this server',
        response: answers(
          Type.Object(
            {
              version: Type.String(),
              epoch: Type.String(),
              partitions: Type.Integer(),
              retentionDays: Type.Integer(),
              serverTime: Type.String(),
              cursor: Type.String(),
            },
            { additionalProperties: false },
          ),
        ),
      },
    },
    async () => ({
      version,
      epoch: meta.epoch,
      partitions: meta.partitions,
      retentionDays: config.retentionDays,
      serverTime: new Date(now()).toISOString(),
      cursor: encodeCursor(await reader.heads()),
    }),
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
