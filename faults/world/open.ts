/** Opens a world: the server on its database and storage, the proxies, everybody who sends and looks on. */
import { execFile } from 'node:child_process'
import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createLog } from '@signalbox/server/ops/log.ts'
import { startEmbedded } from '@signalbox/server/store/embedded.ts'
import { freePort } from '../../test/free-port.ts'
import type { HistoryWriter } from '../history/writer.ts'
import { storageFor } from '../inject/ext4.ts'
import { createApart } from '../inject/net/apart.ts'
import { startDatabaseAt } from '../inject/net/database-at.ts'
import { startProxy } from '../inject/proxy.ts'
import { createAcknowledged } from './acknowledged.ts'
import { databaseOf } from './database.ts'
import { type LifeCounts, watchCounts } from './life-counts.ts'
import { type Observers, startObservers } from './observers.ts'
import { startProducers } from './producers.ts'
import { createRandom } from './random.ts'
import type { Sender } from './sender.ts'
import { type OwnedServer, startServerProcess } from './server-process.ts'
import type { Fault, World } from './world.ts'

export type Setting = NonNullable<Fault['setting']>

export interface OpenOptions {
  readonly folder: string
  readonly seed: number
  readonly setting: Setting
  readonly eventsPerSecond: number
  readonly history: HistoryWriter
  /** A server's data folder to begin with a copy of; default: an empty one. */
  readonly template?: string
}

export interface OpenedWorld {
  readonly world: World & { readonly server: OwnedServer }
  readonly producers: readonly Sender[]
  readonly observers: Observers
  readonly counts: LifeCounts
  readonly acknowledged: () => number
}

/** Beats often enough that observers know a dead connection in seconds. */
const settings = { SIGNALBOX_HEARTBEAT_MS: '2000' }
const partitions = 2

/** What is opened is closed by `stack`, in the order back. */
export async function openWorld(options: OpenOptions, stack: AsyncDisposableStack): Promise<OpenedWorld> {
  const { folder, seed, setting, eventsPerSecond, history, template } = options
  // PostgreSQL may run as another user, who has to pass through.
  await chmod(folder, 0o711)
  const dataFolder = join(folder, 'data')
  await mkdir(dataFolder)
  if (setting.storage !== undefined) {
    const storage = await storageFor(dataFolder, setting.storage.sizeMiB)
    stack.defer(() => storage.release())
  }
  // With its modes, which PostgreSQL insists on.
  if (template !== undefined) await promisify(execFile)('cp', ['-a', `${template}/.`, dataFolder])
  const apart = setting.network === 'apart' ? stack.use(await createApart()) : undefined
  let databaseProxy: World['databaseProxy']
  let databaseEnv: Readonly<Record<string, string>> = {}
  if (setting.database === 'through-proxy') {
    // In the same folder, so that whoever looks for its pid, its log or its address finds them as ever.
    const embedded = await startEmbedded({ data: dataFolder, partitions }, createLog('silent'))
    stack.defer(() => embedded.stop())
    databaseProxy = await startProxy(embedded.url)
    stack.defer(() => databaseProxy?.close())
    databaseEnv = { DATABASE_URL: databaseProxy.url }
  }
  if (apart !== undefined) {
    const { url } = stack.use(await startDatabaseAt(dataFolder, partitions, apart.cables.database))
    databaseEnv = { DATABASE_URL: url }
  }
  const port = await freePort()
  const place = apart && { enter: apart.enter, host: apart.cables.clients.theirs }
  const proxy = await startProxy(`http://${place?.host ?? '127.0.0.1'}:${port}`)
  stack.defer(() => proxy.close())
  const env = { ...settings, SIGNALBOX_ALLOWED_HOSTS: new URL(proxy.url).host, ...databaseEnv, ...setting.env }
  const server = stack.use(
    await startServerProcess({ dataFolder, logFile: join(folder, 'server.log'), port, env, ...(place && { place }) }),
  )

  const acknowledged = createAcknowledged()
  const world = {
    server,
    database: databaseOf(dataFolder),
    proxy,
    ...(databaseProxy === undefined ? {} : { databaseProxy }),
    ...(apart && { cables: apart.cables }),
    random: createRandom(seed),
    tell: (entry) => history.tell('nemesis', entry),
    acknowledged: acknowledged.more,
  } satisfies World
  const tell = history.tell
  const url = apart === undefined ? proxy.url : server.url
  const producers = startProducers({
    url,
    folder,
    seed,
    eventsPerSecond,
    tell,
    onAcknowledged: acknowledged.add,
    isClockWrong: setting.env?.SIGNALBOX_FAULTS_CLOCK !== undefined,
  })
  stack.defer(() => {
    for (const producer of producers) producer.abandon()
  })
  const observers = await startObservers({ url, serverUrl: server.url, tell })
  stack.defer(() => observers.close())
  const counts = watchCounts(server)
  stack.defer(() => counts.close())
  return { world, producers, observers, counts, acknowledged: acknowledged.count }
}
