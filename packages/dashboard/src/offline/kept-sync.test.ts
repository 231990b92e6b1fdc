import { expect, test } from 'vitest'
import type { Shown } from './kept.ts'
import { memoryBox } from './kept-box.ts'
import { type Answer, type Box, createKeptSync, type SyncOptions } from './kept-sync.ts'

/** Acknowledgements as the server keeps them: the later change holds. */
function fakeServer() {
  const held = new Map<string, { readonly at: number; readonly note: string | null }>()
  const server = {
    now: 10_000,
    reached: true,
    asked: [] as string[],
    /** Answers instead of the server, once. */
    next: undefined as Answer | undefined,
    notes: () => Object.fromEntries([...held].flatMap(([subject, { note }]) => (note === null ? [] : [[subject, note]]))),
    put(subject: string, at: number, note: string | null) {
      const before = held.get(subject)
      if (before === undefined || at > before.at) held.set(subject, { at, note })
    },
    ask: async (method: string, path: string, body?: object): Promise<Answer | undefined> => {
      if (!server.reached) return undefined
      server.asked.push(`${method} ${decodeURIComponent(path.split('?')[0] ?? '')}`)
      const { next } = server
      server.next = undefined
      if (next !== undefined) return next
      const time = (ms: number) => new Date(ms).toISOString()
      if (path === '/v1/views') return { status: 200, body: { items: [] } }
      if (method === 'GET') {
        const items = [...held].flatMap(([subject, { at, note }]) => (note === null ? [] : [{ subject, note, at: time(at) }]))
        return { status: 200, body: { items } }
      }
      const { pathname, searchParams } = new URL(path, 'http://x')
      const subject = decodeURIComponent(pathname.split('/').at(-1) ?? '')
      const { at = searchParams.get('at') ?? '', note = null } = (body ?? {}) as { at?: string; note?: string }
      if (Date.parse(at) > server.now + 1_000)
        return { status: 422, body: { code: 'CHANGE_FROM_FUTURE', title: '', serverTime: time(server.now) } }
      server.put(subject, Date.parse(at), note)
      const holds = held.get(subject) ?? { at: 0, note: null }
      return {
        status: 200,
        body: { current: holds.note === null ? null : { subject, note: holds.note, at: time(holds.at) }, at: time(holds.at) },
      }
    },
  }
  return server
}

function page(server: ReturnType<typeof fakeServer>, box: Box = memoryBox(), more: Partial<SyncOptions> = {}) {
  let shown: Shown = { views: [], acknowledged: new Map(), waiting: 0 }
  const refused: string[] = []
  const retries: (() => void)[] = []
  const sync = createKeptSync({
    box,
    ask: (...asked) => server.ask(...asked),
    now: () => server.now,
    onShown: (now) => {
      shown = now
    },
    onRefused: (why) => refused.push(why),
    onStored: () => {},
    alone: (run) => run(),
    later: (_ms, run) => retries.push(run),
    random: () => 0,
    isReached: () => server.reached,
    ...more,
  })
  return {
    sync,
    refused,
    retries,
    note: (id: string, note: string) => sync.change({ kind: 'acknowledgement', id, body: { note } }),
    remove: (id: string) => sync.change({ kind: 'acknowledgement', id, body: null }),
    shown: () => Object.fromEntries([...shown.acknowledged].map(([subject, { note }]) => [subject, note])),
    waiting: () => shown.waiting,
  }
}
const settled = (one: ReturnType<typeof page>) => expect.poll(one.waiting).toBe(0)

test('a change is shown at once, and sent once', async () => {
  const server = fakeServer()
  const one = page(server)
  one.note('agent:a', 'known')
  expect([one.shown(), one.waiting()]).toEqual([{ 'agent:a': 'known' }, 1])
  await settled(one)
  expect(server.notes()).toEqual({ 'agent:a': 'known' })
  expect(server.asked.filter((asked) => asked.startsWith('PUT'))).toEqual(['PUT /v1/acknowledgements/agent:a'])
})

test('what is changed offline outlives the page, and is sent when the server is back: of each thing the last', async () => {
  const server = fakeServer()
  server.put('agent:b', 1, 'there before')
  server.reached = false
  const box = memoryBox()
  const before = page(server, box)
  before.note('agent:a', 'first')
  before.note('agent:a', 'second')
  before.note('agent:b', 'mine')
  before.remove('agent:b')
  expect(before.waiting()).toBe(2)
  // Written.
  await before.sync.reload()
  const after = page(server, box)
  await after.sync.reload()
  expect([after.shown(), after.waiting()]).toEqual([{ 'agent:a': 'second' }, 2])
  server.reached = true
  await after.sync.sync()
  expect(after.waiting()).toBe(0)
  expect(server.notes()).toEqual({ 'agent:a': 'second' })
  expect(server.asked.filter((asked) => !asked.startsWith('GET'))).toHaveLength(2)
})

test('who changed it later elsewhere is not overwritten', async () => {
  const server = fakeServer()
  server.reached = false
  const one = page(server)
  one.note('agent:a', 'old')
  server.put('agent:a', server.now + 1, 'newer')
  server.reached = true
  await one.sync.sync()
  expect([one.shown(), server.notes()]).toEqual([{ 'agent:a': 'newer' }, { 'agent:a': 'newer' }])
})

test('a page whose clock is behind changes what it sees, also what it saw removed', async () => {
  const server = fakeServer()
  server.put('agent:a', 9_000, 'theirs')
  const one = page(server, memoryBox(), { now: () => 5 })
  await one.sync.sync()
  one.note('agent:a', 'mine')
  await settled(one)
  one.remove('agent:a')
  await settled(one)
  expect(server.notes()).toEqual({})
  one.note('agent:a', 'again')
  await settled(one)
  expect(server.notes()).toEqual({ 'agent:a': 'again' })
})

test('a change stamped by a clock that is ahead is stamped by the server’s', async () => {
  const server = fakeServer()
  const one = page(server, memoryBox(), { now: () => 3_600_000 })
  one.note('agent:a', 'early')
  await expect.poll(() => one.retries.length).toBe(1)
  one.retries[0]?.()
  await settled(one)
  expect(server.notes()).toEqual({ 'agent:a': 'early' })
})

test('a server that fails is asked again later, one that refuses is not, and says why', async () => {
  const server = fakeServer()
  server.next = { status: 503, body: {} }
  const one = page(server)
  one.note('agent:a', 'kept')
  await expect.poll(() => one.retries.length).toBe(1)
  expect(one.waiting()).toBe(1)
  server.next = { status: 409, body: { code: 'TOO_MANY_KEPT', title: 'No more are kept.', detail: 'There are 2,000.' } }
  one.retries[0]?.()
  await settled(one)
  expect(one.refused).toEqual(['No more are kept. There are 2,000.'])
  expect(one.shown()).toEqual({})
})

test('a change made while the lists are read is not lost', async () => {
  const server = fakeServer()
  const one = page(server)
  const { ask } = server
  let changed = false
  server.ask = async (method, path, body) => {
    const answer = await ask(method, path, body)
    if (!changed && path === '/v1/acknowledgements') {
      changed = true
      one.note('agent:a', 'meanwhile')
    }
    return answer
  }
  await one.sync.sync()
  await settled(one)
  expect(server.notes()).toEqual({ 'agent:a': 'meanwhile' })
})

test('where nothing can be written the page itself keeps it until the server has it', async () => {
  const server = fakeServer()
  server.reached = false
  const full = { ...memoryBox(), put: () => Promise.reject(new Error('full')) }
  const one = page(server, full)
  one.note('agent:a', 'kept')
  await one.sync.reload()
  expect(one.shown()).toEqual({ 'agent:a': 'kept' })
  server.reached = true
  await one.sync.sync()
  expect(server.notes()).toEqual({ 'agent:a': 'kept' })
})
