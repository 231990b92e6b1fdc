/** Two tenants on one server send the very same, and each has its own of it, wherever it is read. */
import { uuidv7 } from '@signalbox/model/ids.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createKeys } from '../ops/auth.ts'
import { stopDatabases } from '../store/testing.ts'
import { startTestApi, type TestApi } from './testing.ts'

interface Page {
  readonly items: readonly Record<string, unknown>[]
  readonly next: string | null
}
interface Tenant {
  ask<T = Page>(path: string): Promise<T>
  send(events: readonly object[], headers?: Record<string, string>): Promise<Record<string, unknown>>
}

let api: TestApi
let crimson: Tenant
let azure: Tenant
async function tenant(name: string): Promise<Tenant> {
  const { key } = await createKeys(api.pool).create(name, ['ingest', 'read'], name)
  const authorization = `Bearer ${key}`
  return {
    ask: async <T>(path: string) => (await (await fetch(api.url + path, { headers: { authorization } })).json()) as T,
    send: async (events, more = {}) => {
      const headers = { authorization, 'content-type': 'application/json', ...more }
      const response = await fetch(`${api.url}/v1/events`, { method: 'POST', headers, body: JSON.stringify(events) })
      return (await response.json()) as Record<string, unknown>
    },
  }
}
beforeAll(async () => {
  api = await startTestApi()
  crimson = await tenant('crimson')
  azure = await tenant('azure')
})
afterAll(async () => {
  await api?.stop()
  await stopDatabases()
})

const now = Date.now()
const time = new Date(now).toISOString()
/** The same ids, names and numbers of both; only `whose` tells them apart. */
const ids = [uuidv7(now), uuidv7(now)]
const before = new Date(now - 1).toISOString()
const fleet = (whose: string) => [
  { id: ids[1], source: 's', type: 'task.started', time, agent: 'a', run: 'r', task: 't', seq: 1, data: { note: whose } },
  {
    id: ids[0],
    source: 's',
    type: 'agent.started',
    time: before,
    agent: 'a',
    run: 'q',
    seq: whose === 'crimson' ? 2 : 5,
    data: { name: whose },
  },
  { id: uuidv7(now), source: 's', type: 'log', time: 'never', data: { whose } },
]
const received = async (of: Tenant, feed: string) => JSON.stringify((await of.ask<{ frames: unknown }>(`/v1/poll?wait=0&${feed}`)).frames)

test('what one sends is no duplicate of the other’s, and nobody reads what is not its own', async () => {
  for (const [whose, of] of [
    ['crimson', crimson],
    ['azure', azure],
  ] as const) {
    expect(await of.send(fleet(whose))).toMatchObject({ accepted: 2, duplicates: 0, refused: [{ code: 'INVALID_EVENT' }] })
    const keyed = [{ source: 's', type: 'log', time, run: 'r', data: { whose } }]
    expect(await of.send(keyed, { 'idempotency-key': 'k' })).toMatchObject({ accepted: 1, duplicates: 0, refused: [] })
    expect(await of.send(keyed, { 'idempotency-key': 'k' })).toMatchObject({ accepted: 0, duplicates: 1, refused: [] })
  }
  for (const [own, other, of] of [
    ['crimson', 'azure', crimson],
    ['azure', 'crimson', azure],
  ] as const) {
    const events = (await of.ask('/v1/events')).items
    expect(events).toHaveLength(3)
    const agents = (await of.ask('/v1/agents')).items
    expect(agents).toMatchObject([{ id: 'a', name: own, events: 2, task: 't', status: 'busy' }])
    const refused = (await of.ask('/v1/quarantine')).items
    expect(refused).toHaveLength(1)
    const state = await of.ask<object>('/v1/state')
    const live = [await received(of, 'feed=events&from=start'), await received(of, 'feed=state')]
    for (const read of [events, agents, refused, state, ...live].map((read) => JSON.stringify(read))) {
      expect(read).toContain(own)
      expect(read).not.toContain(other)
    }
  }
  await expect.poll(() => azure.ask('/v1/producers'), { timeout: 10_000 }).toMatchObject({ items: [{ source: 's', high: 5, received: 2 }] })
  await expect
    .poll(() => crimson.ask('/v1/producers'), { timeout: 10_000 })
    .toMatchObject({ items: [{ source: 's', high: 2, clones: 0, gaps: [] }] })
})

test('an end of one tenant’s task frees no agent of the other', async () => {
  await crimson.send([{ source: 'm', type: 'task.canceled', time: new Date().toISOString(), agent: 'm', run: 'r', task: 't' }])
  expect(await crimson.ask('/v1/agents/a')).toMatchObject({ status: 'idle' })
  expect(await azure.ask('/v1/agents/a')).toMatchObject({ status: 'busy', task: 't' })
})

test('the figures of the server name no tenant', async () => {
  const text = await (await fetch(`${api.url}/metrics`)).text()
  expect(text).toContain('signalbox_events_total')
  expect(text).not.toMatch(/\b(crimson|azure|tenant)\b/)
})

test('a page that ends among another’s events does not name them', async () => {
  const many = Array.from({ length: 10_000 }, (_, i) => ({ id: uuidv7(now + i), source: 's', type: 'log', time, run: 'many' }))
  expect(await crimson.send(many)).toMatchObject({ accepted: many.length })
  const theirs = new Set(many.map(({ id }) => id))
  for (const order of ['asc', 'desc']) {
    const items: unknown[] = []
    let pages = 0
    for (let cursor: string | null = ''; cursor !== null; pages += 1) {
      const page: Page = await azure.ask(`/v1/events?order=${order}${cursor === '' ? '' : `&cursor=${cursor}`}`)
      items.push(...page.items.map(({ id }) => id))
      cursor = page.next
      const named =
        Buffer.from(cursor ?? '', 'base64url')
          .toString()
          .match(/[0-9a-f-]{36}/g) ?? []
      expect(named.filter((id) => theirs.has(id))).toEqual([])
    }
    expect(pages).toBeGreaterThan(1)
    expect([...new Set(items)]).toHaveLength(3)
    expect(items).toHaveLength(3)
  }
})
