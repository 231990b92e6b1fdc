/** What can be done to the box that Signalbox runs on, and to its PostgreSQL. */
import type { Fault } from '../world/world.ts'
import { clockJumps } from './clock-jump.ts'
import { connectionsExhausted, longLock, longTransaction } from './database-busy.ts'
import { slowDisk, syncFails } from './disk-error.ts'
import { diskFull, walFull } from './disk-full.ts'
import { firstStartKilled } from './first-start.ts'
import { freezePostgres, freezeServer } from './freeze.ts'
import { fastShutdown, immediateShutdown, killCommittingBackend, killPostmaster, terminateBackends } from './kill-postgres.ts'
import { crashLoop, killServer, terminateServer } from './kill-server.ts'
import { filesExhausted, heapExhausted, memoryLimit } from './limits.ts'
import { poisonFlood } from './poison.ts'
import { powerCut } from './power-cut.ts'
import { rebuildKilled } from './rebuild.ts'
import { replayedDay } from './replayed-day.ts'
import { daysSealed, sealingPostgresKilled, sealingServerKilled } from './sealing.ts'
import { spoolFull } from './spool-full.ts'
import { upgradeFrom } from './upgrade.ts'

/** `longestFreezeMs`: that server and PostgreSQL stand still. */
export const faultsOfTheBox = (longestFreezeMs: number): readonly Fault[] => [
  killServer,
  crashLoop,
  terminateServer,
  killPostmaster,
  killCommittingBackend,
  terminateBackends,
  immediateShutdown,
  fastShutdown,
  connectionsExhausted,
  longLock(3_000, 20_000),
  longTransaction,
  freezeServer(1_000, longestFreezeMs),
  freezePostgres(1_000, longestFreezeMs),
  powerCut,
  syncFails,
  slowDisk(150, 5_000),
  diskFull,
  walFull,
  ...clockJumps,
  filesExhausted,
  memoryLimit,
  heapExhausted,
  rebuildKilled,
  firstStartKilled,
  poisonFlood,
  replayedDay,
  daysSealed,
  sealingServerKilled,
  sealingPostgresKilled,
  spoolFull,
  upgradeFrom('0007-rows-behind-the-log.sql'),
  upgradeFrom('0008-dropped-tables.sql'),
]
