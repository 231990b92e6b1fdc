/** The runs that show mutants, each some seconds long. The server as it is passes all of them. */
import { atPoints } from '../failpoints/at-points.ts'
import { daysSealed, sealingServerKilled } from '../inject/sealing.ts'
import type { Fault } from '../world/world.ts'
import { gathered } from './strikes/gathered.ts'
import { headHeld } from './strikes/held.ts'
import { idempotencyKey } from './strikes/idempotency.ts'
import { killPostgres, killServer, load, slowReaders } from './strikes/plain.ts'
import { atPoint } from './strikes/points.ts'
import { lateCommitStalled } from './strikes/sealed.ts'
import { stoodStill, twoServers } from './strikes/second-server.ts'

export const scenarios = {
  load: [load(1_200)],
  'server killed': [killServer(2)],
  'postgres killed': [killPostgres(2)],
  'commit fails': [atPoint('store/log-write.ts:writeCommit:before:1', 'throw', 4)],
  'answer lost': [atPoint('store/log-write.ts:writeCommit:after:1', 'throw', 4)],
  'rows fail': [atPoint('store/rows-write.ts:writeRows:before:2', 'throw', 6)],
  'killed at points': [atPoints('kill', 4)],
  'killed beside rows': [atPoint('store/rows-write.ts:writeRows:after:2', 'kill', 2)],
  'head held': [headHeld],
  'commits gather': [gathered],
  'two servers': [twoServers],
  'writer stood still': [stoodStill],
  'idempotency key': [idempotencyKey],
  'slow readers': [slowReaders],
  'days sealed': [daysSealed],
  'killed while sealing': [sealingServerKilled],
  'late commit stalled': [lateCommitStalled],
} as const satisfies Record<string, readonly Fault[]>

export type ScenarioName = keyof typeof scenarios
