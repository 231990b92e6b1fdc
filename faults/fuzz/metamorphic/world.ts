/** One server that can be started again, and tenants on it, each of which gets the same events in another way. */
import type { EventInput } from '@signalbox/model/event.ts'
import { startApp } from '@signalbox/server/app.ts'
import { readConfig } from '@signalbox/server/config.ts'
import { createKeys } from '@signalbox/server/ops/auth.ts'
import { createLog } from '@signalbox/server/ops/log.ts'
import { storedRows } from '@signalbox/server/store/rows.testing.ts'
import { poolOf, withDatabase } from '@signalbox/server/store/testing.ts'
import { canonicalRows } from './rows.ts'
import { type Receipt, type Sender, type Way, ways } from './ways.ts'

interface Tenant {
  send(way: Way, events: readonly EventInput[]): Promise<Receipt>
  rows(): Promise<ReadonlyMap<string, string>>
  /** Of its events in the log. */
  stored(): Promise<number>
}

export interface World {
  tenant(name: string): Promise<Tenant>
  /** Stops the server and starts another on its database. */
  restart(): Promise<void>
  stop(): Promise<void>
}

export async function startWorld(): Promise<World> {
  const databaseUrl = await withDatabase()
  // Nobody is to be found lost meanwhile: the server's own events are not of the stream.
  const config = readConfig({ SIGNALBOX_PORT: '0', DATABASE_URL: databaseUrl, SIGNALBOX_AGENT_LOST_AFTER: '1000000' })
  const start = () => startApp(config, { log: createLog('silent') })
  let app = await start()
  const pool = poolOf(databaseUrl, 2)
  const keys = createKeys(pool)
  const senders = new Map<string, Sender>()
  const closeSenders = () => {
    for (const sender of senders.values()) sender.close()
    senders.clear()
  }
  return {
    async tenant(name) {
      const { key } = await keys.create('metamorphic', ['ingest', 'read'], name)
      return {
        async send(way, events) {
          const held = senders.get(`${name} ${way}`) ?? (await ways[way](app.url, key))
          senders.set(`${name} ${way}`, held)
          return held.send(events)
        },
        async rows() {
          // Who asks for rows waits until they are caught up.
          await fetch(`${app.url}/v1/agents`, { headers: { authorization: `Bearer ${key}` } })
          return canonicalRows((await storedRows(pool)).filter((row) => row.tenant === name))
        },
        async stored() {
          const { rows } = await pool.query<{ count: string }>('select count(*) from log where tenant = $1', [name])
          return Number(rows[0]?.count)
        },
      }
    },
    async restart() {
      closeSenders()
      await app.stop()
      app = await start()
    },
    async stop() {
      closeSenders()
      await pool.end()
      await app.stop()
    },
  }
}
