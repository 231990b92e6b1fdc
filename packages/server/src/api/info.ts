/** `/v1/info`: about this server, and what a client needs to choose how to talk to it. */
import { subprotocols } from '@signalbox/model/codecs/codec.ts'
import { limits } from '@signalbox/model/event.ts'
import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import type { Config } from '../config.ts'
import { encodeCursor } from '../live/cursor.ts'
import { mostItems } from './page.ts'
import { route } from './route.ts'
import type { ApiOptions } from './routes.ts'
import { closed } from './schemas.ts'

/** Settings that clients are told of, under their own names. */
const told = [
  'maxBodyBytes',
  'maxBatchEvents',
  'maxDepth',
  'maxKeys',
  'maxStringChars',
  'ingestCredit',
  'maxConnections',
  'socketBytes',
  'maxLagEvents',
  'slowCloseMs',
  'heartbeatMs',
] as const satisfies readonly (keyof Config)[]
export type Told = Pick<Config, (typeof told)[number]>

const Path = Type.String({ description: 'Its path on this server.' })
const Limits = closed({
  ...Object.fromEntries(told.map((name) => [name, Type.Integer()])),
  identifierChars: Type.Integer({ description: 'Longest source, run, agent, task, cause and trace.' }),
  typeChars: Type.Integer({ description: 'Longest type.' }),
  futureMs: Type.Integer({ description: "How far an id may be ahead of the server's clock." }),
  pageItems: Type.Integer({ description: 'Most items of a page of a list.' }),
})
const Capabilities = closed({
  ingest: closed({ rest: Path, websocket: Path }),
  live: Type.Object(
    { websocket: Path, sse: Path, poll: Path },
    { additionalProperties: false, description: 'Transports in the order to try them; a cursor of one continues on any other.' },
  ),
  codecs: Type.Array(Type.String(), { description: 'Subprotocols of the live WebSocket. The other transports speak JSON.' }),
  feeds: Type.Array(Type.String()),
  durability: Type.Array(Type.String(), { description: 'What an acknowledgement can mean here. durable: fsynced in PostgreSQL.' }),
  contentTypes: Type.Array(Type.String(), { description: 'Of request bodies.' }),
  encodings: Type.Array(Type.String(), { description: 'Of request bodies.' }),
  limits: Limits,
})
const Info = closed({
  version: Type.String(),
  epoch: Type.String(),
  partitions: Type.Integer(),
  retentionDays: Type.Integer(),
  serverTime: Type.String(),
  cursor: Type.String(),
  capabilities: Capabilities,
})

export function infoRoute(app: FastifyInstance, { store, durability, config, version, now }: ApiOptions): void {
  const { epoch, partitions } = store.meta
  const capabilities = {
    ingest: { rest: '/v1/events', websocket: '/v1/ingest' },
    live: { websocket: '/v1/live', sse: '/v1/stream', poll: '/v1/poll' },
    codecs: subprotocols,
    feeds: ['events', 'state'],
    durability: [durability],
    contentTypes: ['application/json', 'application/x-ndjson'],
    encodings: ['identity', 'gzip', 'zstd'],
    limits: {
      ...Object.fromEntries(told.map((name) => [name, config[name]])),
      identifierChars: limits.identifierChars,
      typeChars: limits.typeChars,
      futureMs: limits.futureMs,
      pageItems: mostItems,
    },
  }
  route(app, '/v1/info', { operationId: 'info', tag: 'ops', summary: 'About this server', answer: Info }, async () => ({
    version,
    epoch,
    partitions,
    retentionDays: config.retentionDays,
    serverTime: new Date(now()).toISOString(),
    cursor: encodeCursor(await store.reader.heads()),
    capabilities,
  }))
}
