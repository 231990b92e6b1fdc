/** Queries. Every parameter and answer has a schema; the same schemas make /openapi.json. */
import type { Durability } from '@signalbox/model/live.ts'
import type { FastifyPluginAsync } from 'fastify'
import type { Pool } from 'pg'
import type { Logger } from 'pino'
import { wrongParameter } from '../http/parameters.ts'
import type { Projections } from '../store/projections.ts'
import type { Quarantine } from '../store/quarantine.ts'
import type { LogReader } from '../store/store.ts'
import { eventRoutes } from './events.ts'
import { exploreRoute } from './explore.ts'
import { fleetRoutes } from './fleet.ts'
import { infoRoute, type Told } from './info.ts'
import { keptRoutes } from './kept.ts'
import { metricRoutes } from './metrics.ts'
import { momentRoute } from './moment.ts'
import { momentRowsRoute } from './moment-rows.ts'
import { operationRoutes } from './operations.ts'
import { ratesRoute } from './rates.ts'
import type { MomentRecord } from './record.ts'
import { createPastStates } from './state-past.ts'
import { stepRoute } from './step.ts'
import { timelineRoute } from './timeline.ts'

export interface ApiOptions {
  readonly store: {
    readonly pool: Pool
    readonly reader: LogReader
    readonly projections: Pick<Projections, 'caughtUp'>
    readonly quarantine: Pick<Quarantine, 'notKept'>
    readonly meta: { readonly epoch: string; readonly partitions: number; readonly formerEpochs: readonly string[] }
  }
  /** What an acknowledgement means here. */
  readonly durability: Durability
  readonly record: Pick<MomentRecord, 'nearest' | 'changedSince'>
  readonly config: Told & { readonly retentionDays: number; readonly stateRows: number }
  readonly version: string
  readonly now: () => number
  readonly log: Pick<Logger, 'error'>
}

/** A past moment is made of all agents and runs, and answers with the newest: 150,000 of a partition are held as some 150 MB of text. */
const standingShare = 5

export const apiRoutes =
  (options: ApiOptions): FastifyPluginAsync =>
  async (app) => {
    app.setSchemaErrorFormatter(wrongParameter)
    eventRoutes(app, options.store)
    await app.register(async (fleet) => {
      // Who was acknowledged sees its event.
      fleet.addHook('preHandler', () => options.store.projections.caughtUp())
      fleetRoutes(fleet, options.store)
      ratesRoute(fleet, options.store.pool, options.now)
    })
    exploreRoute(app, options.store.pool, options.store.projections, options.now)
    metricRoutes(app, options.store.pool, options.now)
    const past = createPastStates({
      ...options.store,
      record: options.record,
      log: options.log,
      mostStanding: standingShare * options.config.stateRows,
    })
    momentRoute(app, options, past)
    momentRowsRoute(app, options, past)
    timelineRoute(app, options)
    stepRoute(app, options)
    keptRoutes(app, options)
    operationRoutes(app, options.store)
    infoRoute(app, options)
  }
