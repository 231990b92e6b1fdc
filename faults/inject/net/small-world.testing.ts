/** A world just large enough to see a network fault strike: a real server, one sender who never gives up, one reader of the log. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createIdSource } from '@signalbox/model/ids.ts'
import { withDatabase } from '@signalbox/server/store/testing.ts'
import { freePort } from '../../../test/free-port.ts'
import { databaseOf } from '../../world/database.ts'
import { createRandom } from '../../world/random.ts'
import { startServerProcess } from '../../world/server-process.ts'
import type { Fault, World } from '../../world/world.ts'
import { startProxy } from '../proxy.ts'
import { createApart } from './apart.ts'
import { startDatabaseAt } from './database-at.ts'
import { until } from './wait.ts'

const eventsPerBatch = 20
const sendPatienceMs = 2_000
const partitions = 2
/** So that a commit is of more packets than one. */
const text = 'x'.repeat(500)

export interface SmallWorld extends World, AsyncDisposable {
  /** Ids that were acknowledged. */
  readonly acked: ReadonlySet<string>
  /** Of every event in the log, as often as it is there. */
  logged(): Promise<readonly string[]>
}

export async function smallWorld(setting: Fault['setting'] = {}): Promise<SmallWorld> {
  const opened = new AsyncDisposableStack()
  try {
    return await openSmallWorld(setting, opened)
  } catch (error) {
    await opened.disposeAsync()
    throw error
  }
}

/** What is opened is closed by `opened`. */
async function openSmallWorld(setting: NonNullable<Fault['setting']>, opened: AsyncDisposableStack): Promise<SmallWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-faults-'))
  opened.defer(() => rm(folder, { recursive: true, force: true }))
  const apart = setting.network === 'apart' ? opened.use(await createApart()) : undefined
  const database = apart ? opened.use(await startDatabaseAt(folder, partitions, apart.cables.database)).url : await withDatabase()
  const databaseProxy = setting.database === undefined ? undefined : await startProxy(database)
  opened.defer(() => databaseProxy?.close())
  const port = await freePort()
  const place = apart && { enter: apart.enter, host: apart.cables.clients.theirs }
  const proxy = await startProxy(`http://${place?.host ?? '127.0.0.1'}:${port}`)
  opened.defer(() => proxy.close())
  const server = opened.use(
    await startServerProcess({
      dataFolder: folder,
      logFile: join(folder, 'server.log'),
      port,
      ...(place && { place }),
      env: { ...setting.env, DATABASE_URL: databaseProxy?.url ?? database, SIGNALBOX_ALLOWED_HOSTS: new URL(proxy.url).host },
    }),
  )
  const url = apart ? server.url : proxy.url
  const acked = new Set<string>()
  const nextId = createIdSource(Date.now)
  let going = true

  /** With the same ids until all are taken. */
  async function sendBatch() {
    const ids = Array.from({ length: eventsPerBatch }, () => nextId())
    const body = JSON.stringify(
      ids.map((id, n) => ({
        id,
        source: 'sender',
        type: 'custom.step',
        time: new Date().toISOString(),
        run: `run-${n % 4}`,
        data: { n, text },
      })),
    )
    while (going) {
      const isTaken = await fetch(`${url}/v1/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        signal: AbortSignal.timeout(sendPatienceMs),
      })
        .then(async (response) => (await response.text()).includes('"refused":[]') && response.ok)
        .catch(() => false)
      if (isTaken) {
        for (const id of ids) acked.add(id)
        return
      }
      await new Promise((resume) => setTimeout(resume, 20))
    }
  }
  const sending = (async () => {
    while (going) await sendBatch()
  })()

  return {
    server,
    database: databaseOf(folder),
    proxy,
    ...(apart && { cables: apart.cables }),
    ...(databaseProxy === undefined ? {} : { databaseProxy }),
    // The shortest of everything.
    random: { ...createRandom(1), between: (least) => least },
    tell: () => undefined,
    async acknowledged(more, patienceMs) {
      const target = acked.size + more
      await until(`${more} more events were acknowledged`, patienceMs, () => acked.size >= target)
    },
    acked,
    async logged() {
      const ids: string[] = []
      for (let cursor: string | null = ''; cursor !== null; ) {
        const answer = await fetch(`${server.url}/v1/events?limit=1000${cursor && `&cursor=${cursor}`}`)
        const page = (await answer.json()) as { items: { id: string }[]; next: string | null }
        ids.push(...page.items.map(({ id }) => id))
        cursor = page.next
      }
      return ids
    },
    async [Symbol.asyncDispose]() {
      going = false
      proxy.behave({ kind: 'pass' })
      await sending
      await opened.disposeAsync()
    },
  }
}
