/** `/v1/state/rows`: what the first frame of a state feed would have been at a past moment, or what of it differs from another moment. */
import { isTerminal } from '@signalbox/model/fold/task.ts'
import { tables } from '@signalbox/model/rows.ts'
import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { Refused } from '../http/problem.ts'
import { encodeCursor } from '../live/cursor.ts'
import { mostRowsOf } from '../store/reader.ts'
import { nextTurn } from '../turns.ts'
import { placeOf } from './moment-place.ts'
import { createAnswered, cutTo, differenceOf, ofFleet } from './moment-wire.ts'
import { route } from './route.ts'
import type { ApiOptions } from './routes.ts'
import { createRunMoments } from './run-moment.ts'
import { closed, Name, Truncated } from './schemas.ts'
import type { PastStates } from './state-past.ts'

const Rows = closed({
  cursor: Type.String(),
  at: Type.String({ description: 'RFC 3339 time asked for; with a cursor, of now.' }),
  since: Type.Optional(
    Type.String({ description: 'Rows and `removed` are what differs from the moment of this cursor; absent: these are all rows.' }),
  ),
  rows: Type.Array(
    closed({
      table: Type.Enum([...tables]),
      key: Type.String(),
      position: Type.Integer({ description: 'Of the moment in its partition: the row has not changed later.' }),
      row: Type.Object({}, { additionalProperties: true }),
      partition: Type.Integer(),
    }),
  ),
  truncated: Truncated,
  removed: Type.Optional(
    Type.Array(closed({ table: Type.Enum([...tables]), key: Type.String(), partition: Type.Integer() }), {
      description: 'With `since`: rows of that moment that are not of this one.',
    }),
  ),
})

const RowsQuery = closed({
  at: Type.String({ maxLength: 1_400, description: 'A live cursor, or an RFC 3339 time.' }),
  run: Type.Optional(Name),
  task: Type.Optional(Name),
  since: Type.Optional(
    Type.String({
      maxLength: 1_400,
      description:
        'The `cursor` of an answer whose rows you have, earlier or later: only what differs is told, if the server still knows it.',
    }),
  ),
})

const rowsPerTurn = 2_000
const mostAnsweredRows = 200_000
const mostTries = 3

export function momentRowsRoute(app: FastifyInstance, { store, record, now, config: { stateRows } }: ApiOptions, past: PastStates): void {
  const { pool, projections, reader, meta } = store
  const runMoments = createRunMoments({ pool, projections, record, past, mostRows: mostRowsOf(stateRows, true) })
  const answered = createAnswered(mostAnsweredRows)

  interface Wanted {
    readonly run?: string | undefined
    readonly task?: string | undefined
  }
  async function wiresOf(tenant: string, positions: readonly number[], { run, task }: Wanted, isGone: () => boolean) {
    for (let tries = 0; tries < mostTries; tries += 1) {
      const layers = await past.at(tenant, positions, isGone)
      const wires =
        task !== undefined
          ? await runMoments.task(tenant, run, task, layers)
          : run !== undefined
            ? await runMoments.rows(tenant, run, layers)
            : layers.map((layer) => ofFleet(layer, stateRows, ({ state }) => !isTerminal(state)))
      if (wires !== undefined) return wires
    }
    throw new Refused({ code: 'STORE_UNAVAILABLE', detail: 'What is held of the past was let go while it was read.' })
  }

  route(
    app,
    '/v1/state/rows',
    {
      operationId: 'getStateRows',
      tag: 'state',
      summary: 'The rows of a past moment',
      description:
        'What the first snapshot of a state feed would have been: agents of each partition, runs, open tasks and calls; with `run` what is of it, with its edges, all tasks and the newest 2,000 closed calls; with `task` only that task (of `run`, or of no run), also when it had ended. A time means what was committed by then. With `since` only what differs from that moment. Nothing is executed.',
      query: RowsQuery,
      answer: Rows,
    },
    async ({ tenant, query: { at, run, task, since }, reply }) => {
      const { instant, positions } = await placeOf({ store, now }, await reader.heads(), at)
      const cursor = encodeCursor({ epoch: meta.epoch, positions })
      const head = `{"cursor":"${cursor}","at":"${new Date(instant).toISOString()}"`
      reply.type('application/json')
      if (since === cursor) return reply.send(`${head},"since":"${cursor}","rows":[],"removed":[]}`)
      const most = mostRowsOf(stateRows, run !== undefined)
      const { wires, truncated } = cutTo(most, await wiresOf(tenant, positions, { run, task }, () => reply.raw.destroyed))
      const cut = truncated.length === 0 ? '' : `,"truncated":${JSON.stringify(truncated)}`
      // A reader of rows that were cut otherwise is told all of them, and so whether they are.
      const nameOf = (moment: string) => JSON.stringify([tenant, run, task, truncated, moment])
      const before = since === undefined ? undefined : answered.get(nameOf(since))
      answered.keep(nameOf(cursor), wires)
      const told = before === undefined ? { rows: wires, removed: [] } : differenceOf(before, wires)
      const parts: string[] = []
      for (const [partition, rows] of told.rows.entries()) {
        for (const [table, key, json] of rows) {
          parts.push(
            `{"table":"${table}","key":${JSON.stringify(key)},"position":${positions[partition]},"row":${json},"partition":${partition}}`,
          )
          if (parts.length % rowsPerTurn === 0) await nextTurn()
        }
      }
      const rows = `"rows":[${parts.join(',')}]`
      if (before === undefined) return reply.send(`${head},${rows}${cut}}`)
      const removed = told.removed.flatMap((gone, partition) => gone.map(([table, key]) => ({ table, key, partition })))
      return reply.send(`${head},"since":${JSON.stringify(since)},${rows},"removed":${JSON.stringify(removed)}${cut}}`)
    },
  )
}
