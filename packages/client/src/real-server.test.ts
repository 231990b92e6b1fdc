/** The SDK against a whole server: WebSocket by default, and a kill -9 in the middle. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startServer, type TestServer } from '../../../test/server.ts'
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
