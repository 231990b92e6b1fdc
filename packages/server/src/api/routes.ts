/** Queries. Every parameter and answer has a schema; the same schemas make /openapi.json. */
import type { Durability } from '@signalbox/model/live.ts'
import type { FastifyPluginAsync } from 'fastify'
import type { Pool } from 'pg'
import { wrongParameter } from '../http/parameters.ts'
import type { LogReader } from '../store/store.ts'
import { eventRoutes } from './events.ts'
import { fleetRoutes } from './fleet.ts'
import { infoRoute, type Told } from './info.ts'
import { momentRoute } from './moment.ts'
import { operationRoutes } from './operations.ts'

export interface ApiOptions {
  readonly store: {
    readonly pool: Pool
    readonly reader: LogReader
    readonly meta: { readonly epoch: string; readonly partitions: number; readonly formerEpochs: readonly string[] }
  }
  /** What an acknowledgement means here. */
  readonly durability: Durability
  readonly config: Told & { readonly retentionDays: number }
  readonly version: string
  readonly now: () => number
}

export const apiRoutes =
  (options: ApiOptions): FastifyPluginAsync =>
  async (app) => {
    app.setSchemaErrorFormatter(wrongParameter)
    eventRoutes(app, options.store.pool)
    fleetRoutes(app, options.store.pool)
    momentRoute(app, options)
    operationRoutes(app, options.store.pool)
    infoRoute(app, options)
  }
