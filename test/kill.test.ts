import type { StoredEvent } from '@signalbox/model/event.ts'
import { createIdSource } from '@signalbox/model/ids.ts'
import { expect, onTestFinished, test, vi } from 'vitest'
import { connectIngest } from '../packages/server/src/ingest/senders.testing.ts'
import { getJson, startServer, type TestServer } from './server.ts'

interface Sent {
  readonly id: string
  readonly run: string
}

type Ending = 'acknowledged' | 'refused' | 'cut' | 'away'

/** A connection that was never made carried nothing; any other that broke may have. */
function endingOf(error: unknown): Ending {
  const { cause } = error as { cause?: { code?: string } }
  return cause?.code === 'ECONNREFUSED' ? 'away' : 'cut'
}

/** Senders that never give up: a batch is sent again, with the same ids, until it is acknowledged. */
function load(server: TestServer, senders: number) {
  const nextId = createIdSource(Date.now)
  const acknowledged: Sent[] = []
  const flying = new Set<Promise<Ending>>()
  let going = true
  let insists = true
  let wake = () => {}
  let target = Number.POSITIVE_INFINITY

  async function send(sender: number) {
    while (going) {
      const batch = Array.from({ length: 20 }, (_, i) => ({
        id: nextId(),
        source: `sender-${sender}`,
        type: 'tool.finished',
        time: new Date().toISOString(),
        run: `run-${(sender + i) % 5}`,
        agent: `agent-${sender}`,
        data: { call: `${sender}-${i}`, name: 'probe' },
      }))
      for (let ending: Ending = 'away'; ending !== 'acknowledged'; ) {
        if (!going && !insists) return
        const flight = post(batch)
        flying.add(flight)
        ending = await flight
        flying.delete(flight)
        // The server is away or busy ending: give its restart a turn instead of spinning.
        if (ending !== 'acknowledged') await new Promise((resume) => setTimeout(resume, 20))
      }
      acknowledged.push(...batch.map(({ id, run }) => ({ id, run })))
      if (acknowledged.length >= target) wake()
    }
  }

  async function post(batch: readonly object[]): Promise<Ending> {
    const sent = await fetch(`${server.url}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(batch),
      signal: AbortSignal.timeout(15_000),
    })
      .then(async (response) => ({ status: response.status, answer: (await response.json()) as { refused?: unknown[] } }))
      .catch(endingOf)
    if (typeof sent === 'string') return sent
    if (sent.status === 503) return 'refused'
    expect(sent).toMatchObject({ status: 200, answer: { refused: [] } })
    return 'acknowledged'
  }
  const running = Array.from({ length: senders }, (_, sender) => send(sender))
  return {
    acknowledged,
    /** What becomes of each batch that is on its way now. */
    inFlight: () => Promise.all(flying),
    /** Resolves when this many more events are acknowledged than now. */
    more(count: number) {
      target = acknowledged.length + count
      return new Promise<void>((resolve) => {
        wake = resolve
      })
    },
    /** `leave`: what is not acknowledged yet is not sent again. */
    async stop(how: 'settle' | 'leave' = 'settle') {
      going = false
      insists = how === 'settle'
      await Promise.all(running)
    },
  }
}

/** Backends outlive a killed postmaster by a moment and commit on: the database may be away only after what was waited for. 503 says to ask again. */
const onceThere = <T>(url: string) => vi.waitFor(() => getJson<T>(url), { timeout: 20_000 })

async function storedIds(server: TestServer): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  for (let run = 0; run < 5; run += 1) {
    let cursor: string | null = null
    do {
      const url: string = `${server.url}/v1/events?run=run-${run}&limit=1000${cursor === null ? '' : `&cursor=${cursor}`}`
      const page = await onceThere<{ items: StoredEvent[]; next: string | null }>(url)
      for (const { id } of page.items) found.set(id, (found.get(id) ?? 0) + 1)
      cursor = page.next
    } while (cursor !== null)
  }
  return found
}

async function expectWhole(server: TestServer, acknowledged: readonly Sent[]) {
  const found = await storedIds(server)
  expect(acknowledged.filter(({ id }) => found.get(id) !== 1)).toEqual([])
  expect([...found.values()].every((times) => times === 1)).toBe(true)
  const { items } = await onceThere<{ items: { id: string; events: number }[] }>(`${server.url}/v1/runs`)
  // The rows were folded in the transactions that stored the events: each event counted once.
  expect(items.reduce((sum, { events }) => sum + events, 0)).toBe(found.size)
}

test('kill -9 of the server in mid-load: what was acknowledged is there once', async () => {
  const server = await startServer()
  onTestFinished(() => server[Symbol.asyncDispose]())
  const traffic = load(server, 4)
  for (let round = 0; round < 3; round += 1) {
    await traffic.more(200)
    const inFlight = traffic.inFlight()
    await server.kill()
    // It died with batches in its hands.
    expect(await inFlight).toContain('cut')
    await server.start()
  }
  await traffic.more(200)
  await traffic.stop()
  await expectWhole(server, traffic.acknowledged)
  expect(await server.terminate()).toBe(0)
})

test('kill -9 of PostgreSQL in mid-load: senders wait, it comes back by itself, nothing is lost or doubled', async () => {
  const server = await startServer()
  onTestFinished(() => server[Symbol.asyncDispose]())
  const traffic = load(server, 4)
  for (let round = 0; round < 2; round += 1) {
    await traffic.more(200)
    await server.killPostgres()
  }
  await traffic.more(200)
  await traffic.stop()
  await expectWhole(server, traffic.acknowledged)
})

test('SIGTERM in mid-load: it ends in time, every batch on its way gets an answer, what was acknowledged is there', async () => {
  const server = await startServer()
  onTestFinished(() => server[Symbol.asyncDispose]())
  const socket = await connectIngest(server.url)
  const traffic = load(server, 4)
  await traffic.more(200)
  const inFlight = traffic.inFlight()
  const began = performance.now()
  const ended = server.terminate()
  const endings = await inFlight
  expect(endings.length).toBeGreaterThan(0)
  for (const ending of endings) expect(['acknowledged', 'refused']).toContain(ending)
  expect(await socket.until(({ kind }) => kind === 'goaway')).toMatchObject({ reason: 'drain' })
  expect(await socket.closed).toBe(1012)
  expect(await ended).toBe(0)
  expect(performance.now() - began).toBeLessThan(10_000)
  await traffic.stop('leave')
  await server.start()
  await expectWhole(server, traffic.acknowledged)
})
