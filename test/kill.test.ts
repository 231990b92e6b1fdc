import type { StoredEvent } from '@signalbox/model/event.ts'
import { createIdSource } from '@signalbox/model/ids.ts'
import { expect, onTestFinished, test } from 'vitest'
import { getJson, startServer, type TestServer } from './server.ts'

interface Sent {
  readonly id: string
  readonly run: string
}

/** Senders that never give up: a batch is sent again, with the same ids, until it is acknowledged. */
function load(server: TestServer, senders: number) {
  const nextId = createIdSource(Date.now)
  const acknowledged: Sent[] = []
  let failures = 0
  let going = true
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
      for (let done = false; !done; ) {
        try {
          const response = await fetch(`${server.url}/v1/events`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(batch),
            signal: AbortSignal.timeout(15_000),
          })
          const answer = (await response.json()) as { accepted?: number; duplicates?: number; refused?: unknown[] }
          done = response.ok
          if (response.ok) {
            expect(answer.refused).toEqual([])
            acknowledged.push(...batch.map(({ id, run }) => ({ id, run })))
            if (acknowledged.length >= target) wake()
          } else failures += 1
        } catch {
          failures += 1
          // The server is away: give the restart a turn instead of spinning.
          await new Promise((resume) => setTimeout(resume, 20))
        }
      }
    }
  }
  const running = Array.from({ length: senders }, (_, sender) => send(sender))
  return {
    acknowledged,
    failures: () => failures,
    /** Resolves when this many more events are acknowledged than now. */
    more(count: number) {
      target = acknowledged.length + count
      return new Promise<void>((resolve) => {
        wake = resolve
      })
    },
    async stop() {
      going = false
      await Promise.all(running)
    },
  }
}

async function storedIds(server: TestServer): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  for (let run = 0; run < 5; run += 1) {
    let cursor: string | null = null
    do {
      const page: { items: StoredEvent[]; next: string | null } = await getJson(
        `${server.url}/v1/events?run=run-${run}&limit=1000${cursor === null ? '' : `&cursor=${cursor}`}`,
      )
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
  const { items } = await getJson<{ items: { id: string; events: number }[] }>(`${server.url}/v1/runs`)
  // The rows were folded in the transactions that stored the events: each event counted once.
  expect(items.reduce((sum, { events }) => sum + events, 0)).toBe(found.size)
}

test('kill -9 of the server in mid-load: what was acknowledged is there once', async () => {
  const server = await startServer()
  onTestFinished(() => server[Symbol.asyncDispose]())
  const traffic = load(server, 4)
  for (let round = 0; round < 3; round += 1) {
    await traffic.more(400)
    await server.kill()
    await server.start()
  }
  await traffic.more(400)
  await traffic.stop()
  expect(traffic.failures()).toBeGreaterThan(0)
  await expectWhole(server, traffic.acknowledged)
  expect(await server.terminate()).toBe(0)
})

test('kill -9 of PostgreSQL in mid-load: senders wait, it comes back by itself, nothing is lost or doubled', async () => {
  const server = await startServer()
  onTestFinished(() => server[Symbol.asyncDispose]())
  const traffic = load(server, 4)
  for (let round = 0; round < 2; round += 1) {
    await traffic.more(400)
    await server.killPostgres()
  }
  await traffic.more(400)
  await traffic.stop()
  await expectWhole(server, traffic.acknowledged)
})
