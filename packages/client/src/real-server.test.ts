/** The SDK against a whole server: WebSocket by default, and a kill -9 in the middle. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { getJson, startServer, type TestServer } from '../../../test/server.ts'
import { createAgent } from './agent.ts'
import type { FeedStatus } from './feed.ts'
import { subscribe } from './subscribe.ts'

let server: TestServer
let spoolDir: string
beforeAll(async () => {
  spoolDir = await mkdtemp(join(tmpdir(), 'signalbox-spool-'))
  server = await startServer()
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(spoolDir, { recursive: true, force: true })
})

test('over a kill -9 of the server every event is seen once and in order, over WebSocket', async () => {
  const statuses: FeedStatus[] = []
  const opened = Promise.withResolvers<void>()
  const items = subscribe({
    url: server.url,
    filter: { type: ['custom.step'] },
    transports: ['ws'],
    onStatus(status) {
      statuses.push(status)
      if (status.state === 'open') opened.resolve()
    },
  })
  await opened.promise
  const agent = createAgent({ url: server.url, agent: 'worker-7', run: 'nightly', heartbeatMs: 0, spoolDir })
  const seen: unknown[] = []
  const seeUntil = async (last: number) => {
    while (seen.at(-1) !== last) {
      const { value } = await items.next()
      if (value?.kind === 'event') seen.push(value.event.data.n)
    }
  }
  for (let n = 0; n < 50; n += 1) agent.emit('custom.step', { n })
  await seeUntil(49)
  await server.kill()
  for (let n = 50; n < 100; n += 1) agent.emit('custom.step', { n })
  await agent.flush()
  expect(agent.stats()).toMatchObject({ queued: 0, dropped: 0 })
  await server.start()
  await seeUntil(99)
  await agent.stop()
  await items.return?.()
  expect(seen).toEqual(Array.from({ length: 100 }, (_, n) => n))
  expect(statuses.map(({ state }) => state)).toContain('waiting')
  expect(agent.stats()).toMatchObject({ dropped: 0, refused: 0 })
})

test('after an outage that no transport came through, the one that worked is taken again soon', async () => {
  const statuses: FeedStatus[] = []
  const items = subscribe({ url: server.url, onStatus: (status) => statuses.push(status) })
  await expect.poll(() => statuses.at(-1)).toMatchObject({ state: 'open', transport: 'ws' })
  await server.kill()
  await expect.poll(() => statuses.map(({ transport }) => transport)).toContain('sse')
  await server.start()
  await expect.poll(() => statuses.at(-1), { timeout: 40_000 }).toMatchObject({ state: 'open', transport: 'ws' })
  await items.return?.()
})

test('a state feed and an event feed of one server, side by side', async () => {
  const states = subscribe({ url: server.url, feed: 'state', transports: ['ws'] })
  const events = subscribe({ url: server.url, filter: { run: ['second'] }, transports: ['ws'], fromStart: true })
  const agent = createAgent({ url: server.url, agent: 'worker-8', role: 'worker', run: 'second', heartbeatMs: 0 })
  for (;;) {
    const { value } = await states.next()
    if (value?.kind === 'state' && value.state.get('agents', 'worker-8')?.role?.value === 'worker') break
  }
  const { value } = await events.next()
  expect(value).toMatchObject({ kind: 'event', event: { type: 'agent.started', agent: 'worker-8' } })
  await agent.stop()
  await states.return?.()
  await events.return?.()
})

test('agents send over the WebSocket door, and their helpers make rows that end', async () => {
  const received = async (door: string) => {
    const metrics = await (await fetch(`${server.url}/metrics`)).text()
    return Number(new RegExp(`signalbox_events_total\\{door="${door}",fate="received"\\} (\\d+)`).exec(metrics)?.[1] ?? 0)
  }
  const before = await received('websocket')
  const agents = ['worker-9', 'worker-10'].map((agent) => createAgent({ url: server.url, agent, run: 'third', heartbeatMs: 0 }))
  const [first] = agents
  await first?.task('Write the docs', async (task) => {
    await first.llm({
      model: 'm',
      task,
      call: () => 'text',
      result: () => ({ usage: { inputTokens: 7, outputTokens: 2 }, costMicros: 30 }),
    })
    await first.tool('search', () => 1, { task })
  })
  await Promise.all(agents.map((agent) => agent.stop()))
  expect(agents.map((agent) => agent.stats().sent)).toEqual([9, 2])
  expect((await received('websocket')) - before).toBe(11)
  const { items } = await getJson<{ items: { state: string; title: string }[] }>(`${server.url}/v1/tasks?run=third`)
  expect(items).toMatchObject([{ title: 'Write the docs', state: 'completed' }])
})

test('over WebSocket a cursor that is no cursor and a filter that is no filter end the iteration, and nobody else', async () => {
  const states: string[] = []
  const good = subscribe({
    url: server.url,
    filter: { run: ['third'] },
    transports: ['ws'],
    fromStart: true,
    onStatus: ({ state }) => states.push(state),
  })
  expect(await good.next()).toMatchObject({ value: { kind: 'event' } })
  const wrong = subscribe({ url: server.url, transports: ['ws'], cursor: 'nonsense!' })
  await expect(wrong.next()).rejects.toMatchObject({ name: 'FeedRefused', code: 'BAD_CURSOR' })
  const unfit = subscribe({ url: server.url, transports: ['ws'], filter: { run: [''] } })
  await expect(unfit.next()).rejects.toMatchObject({ name: 'FeedRefused', code: 'BAD_REQUEST' })
  expect(await good.next()).toMatchObject({ value: { kind: 'event' } })
  expect(states).toEqual(['open'])
  await good.return?.()
})

test('a feed closed before its answer came does not stand in the way of the next like it', async () => {
  const other = subscribe({ url: server.url, filter: { run: ['third'] }, transports: ['ws'], fromStart: true })
  await other.next()
  const options = { url: server.url, filter: { run: ['third'], agent: ['worker-9'] }, transports: ['ws'], fromStart: true } as const
  const early = subscribe(options)
  await early.return?.()
  const late = subscribe(options)
  expect(await late.next()).toMatchObject({ value: { kind: 'event', event: { agent: 'worker-9' } } })
  await late.return?.()
  await other.return?.()
})

test('a filter of many values fits on a socket', async () => {
  const many = Array.from({ length: 100 }, (_, n) => `a-rather-long-name-of-a-run-${n}`)
  const items = subscribe({ url: server.url, filter: { run: [...many.slice(1), 'third'] }, transports: ['ws'], fromStart: true })
  expect(await items.next()).toMatchObject({ value: { kind: 'event' } })
  await items.return?.()
})
