import type { EventInput, StoredEvent } from '@signalbox/model/event.ts'
import { uuidv7 } from '@signalbox/model/ids.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createKeys } from '../ops/auth.ts'
import { createLogDays } from '../store/days.ts'
import { stopDatabases } from '../store/testing.ts'
import { startTestApi, type TestApi } from './testing.ts'

interface Row {
  readonly id: string
  readonly [name: string]: unknown
}

let api: TestApi
const base = Date.now() - 60_000
let sent: (EventInput & { readonly id: string })[] = []

/** One manager, three workers, two runs, eleven tasks, a call left open, a producer that lost a number. */
function fleet(): (EventInput & { readonly id: string })[] {
  const events: (EventInput & { readonly id: string })[] = []
  const add = (event: Omit<EventInput, 'id' | 'source' | 'time'> & { readonly source?: string }) => {
    const at = base + events.length * 10
    events.push({ source: 'fleet', ...event, id: uuidv7(at), time: new Date(at).toISOString() })
  }
  add({ type: 'agent.started', agent: 'boss', run: 'alpha', data: { role: 'manager', name: 'The \u0000 boss \ud800' } })
  add({ type: 'run.started', agent: 'boss', run: 'alpha', data: { name: 'Alpha' } })
  for (let i = 0; i < 10; i += 1) {
    const agent = `w${i % 3}`
    const task = `t${i}`
    add({ type: 'task.created', agent: 'boss', run: 'alpha', task, data: { title: `Task ${i}`, assignee: agent } })
    add({ type: 'task.started', agent, run: 'alpha', task })
    add({ type: 'tool.started', agent, run: 'alpha', task, data: { call: `c${i}`, name: 'grep' } })
    if (i < 9) add({ type: 'tool.finished', agent, run: 'alpha', task, data: { call: `c${i}` } })
    add({
      type: 'llm.finished',
      agent,
      run: 'alpha',
      task,
      data: { call: `l${i}`, usage: { inputTokens: 10, outputTokens: 2 }, costMicros: 5 },
    })
    if (i < 8) add({ type: 'task.completed', agent, run: 'alpha', task })
  }
  add({ type: 'task.created', agent: 'w0', run: 'beta', task: 't0', data: { title: 'The other t0' } })
  add({ type: 'run.finished', agent: 'boss', run: 'alpha' })
  add({ type: 'custom.thing', source: 'counter', seq: 1, epoch: 1 })
  add({ type: 'custom.thing', source: 'counter', seq: 3, epoch: 1 })
  return events
}

beforeAll(async () => {
  api = await startTestApi()
  sent = fleet()
  const bad = { ...sent[0], id: uuidv7(base), time: 'yesterday' } as EventInput
  const receipt = await api.send([...sent, bad, bad])
  expect(receipt).toMatchObject({ accepted: sent.length, duplicates: 0, refused: [{ code: 'INVALID_EVENT' }, { code: 'INVALID_EVENT' }] })
})
afterAll(async () => {
  await api?.stop()
  await stopDatabases()
})

describe('events', () => {
  test('all of them, newest first, in pages that neither skip nor repeat', async () => {
    const items = await api.all<StoredEvent>('/v1/events', 7)
    expect(items.map(({ id }) => id)).toEqual(sent.map(({ id }) => id).toReversed())
    expect(items.at(-1)).toMatchObject({ id: sent[0]?.id, time: sent[0]?.time, data: sent[0]?.data })
    expect((await api.all<StoredEvent>('/v1/events?order=asc', 50)).map(({ id }) => id)).toEqual(sent.map(({ id }) => id))
  })

  test('of one run in the order of the log, either way', async () => {
    const items = await api.all<StoredEvent>('/v1/events?run=alpha', 9)
    expect(items.map(({ id }) => id)).toEqual(sent.filter(({ run }) => run === 'alpha').map(({ id }) => id))
    expect(new Set(items.map(({ partition }) => partition)).size).toBe(1)
    for (const limit of [2, 9, 60]) expect(await api.all<StoredEvent>('/v1/events?run=alpha&order=desc', limit)).toEqual(items.toReversed())
  })

  test.each<[string, (event: EventInput) => boolean]>([
    ['agent=w1', ({ agent }) => agent === 'w1'],
    ['agent=w1&agent=w2', ({ agent }) => agent === 'w1' || agent === 'w2'],
    ['type=tool.*', ({ type }) => type.startsWith('tool.')],
    ['type=tool.started&type=llm.*', ({ type }) => type === 'tool.started' || type.startsWith('llm.')],
    ['task=t3', ({ task }) => task === 't3'],
    ['run=alpha&run=beta&task=t0', ({ task }) => task === 't0'],
    ['agent=w1&type=task.*&task=t1', ({ agent, type, task }) => agent === 'w1' && type.startsWith('task.') && task === 't1'],
    ['agent=nobody', () => false],
    ['type=tool_*', () => false],
  ])('filtered by %s', async (query, matches) => {
    const items = await api.all<StoredEvent>(`/v1/events?${query}`, 1_000)
    expect(new Set(items.map(({ id }) => id))).toEqual(new Set(sent.filter(matches).map(({ id }) => id)))
  })

  test('one by its id, in any case of letters', async () => {
    const event = sent[4]
    expect((await api.get<StoredEvent>(`/v1/events/${event?.id.toUpperCase()}`)).body).toMatchObject({ id: event?.id, type: event?.type })
    expect(await api.get(`/v1/events/${uuidv7(base)}`)).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } })
  })
})

describe('agents', () => {
  test('each once, joined over the partitions, its values unwrapped', async () => {
    const agents = await api.all<Row>('/v1/agents', 2)
    expect(agents.map(({ id }) => id)).toEqual(['boss', 'w0', 'w1', 'w2'])
    expect(agents[0]).toMatchObject({ role: 'manager', name: 'The \u0000 boss \ud800' })
    expect(agents[1]).toMatchObject({ role: 'worker', manager: 'boss' })
    for (const { id, events } of agents) expect(events, id).toBe(sent.filter(({ agent }) => agent === id).length)
  })

  test('of a run, by id, one', async () => {
    expect((await api.all<Row>('/v1/agents?run=beta', 10)).map(({ id }) => id)).toEqual(['w0'])
    expect((await api.all<Row>('/v1/agents?run=alpha', 3)).map(({ id }) => id)).toEqual(['boss', 'w0', 'w1', 'w2'])
    expect((await api.all<Row>('/v1/agents?run=nothing', 3)).map(({ id }) => id)).toEqual([])
    expect((await api.all<Row>('/v1/agents?agent=w2&agent=w1', 1)).map(({ id }) => id)).toEqual(['w1', 'w2'])
    expect((await api.get('/v1/agents/w0')).body).toMatchObject({ id: 'w0', inFlight: [{ call: 'c9', kind: 'tool', name: 'grep' }] })
    expect((await api.get('/v1/agents/nobody')).status).toBe(404)
  })
})

describe('runs and tasks', () => {
  test('runs, newest first, by state, one', async () => {
    expect((await api.all<Row>('/v1/runs', 1)).map(({ id }) => id)).toEqual(['beta', 'alpha'])
    expect((await api.all<Row>('/v1/runs?state=finished', 5)).map(({ id }) => id)).toEqual(['alpha'])
    expect((await api.get('/v1/runs/alpha')).body).toMatchObject({
      name: 'Alpha',
      tasks: { completed: 8, working: 2 },
      totals: { llmCalls: 10, toolCalls: 10, inputTokens: 100, costMicros: 50 },
    })
    expect((await api.get('/v1/runs/gamma')).status).toBe(404)
  })

  test('tasks by run, agent and state; two runs may use one name', async () => {
    const all = await api.all<Row>('/v1/tasks', 3)
    expect(all).toHaveLength(11)
    expect(all[0]).toMatchObject({ id: 't0', run: 'beta' })
    expect(await api.all<Row>('/v1/tasks?run=alpha&state=working', 1)).toMatchObject([{ id: 't9' }, { id: 't8' }])
    expect((await api.all<Row>('/v1/tasks?agent=w2', 9)).map(({ id }) => id)).toEqual(['t8', 't5', 't2'])
    expect((await api.get('/v1/tasks/t0?run=alpha')).body).toMatchObject({ title: 'Task 0', state: 'completed' })
    expect((await api.get('/v1/tasks/t0')).body).toMatchObject({ title: 'The other t0' })
    expect((await api.get('/v1/tasks/t77')).status).toBe(404)
  })

  test('the graph of a run: who gave what to whom', async () => {
    const { body } = await api.get<Record<string, Row[]>>('/v1/runs/alpha/graph')
    expect(body.agents?.map(({ id }) => id)).toEqual(['boss', 'w0', 'w1', 'w2'])
    expect(body.tasks).toHaveLength(10)
    expect(body.edges?.map(({ from, to, kind, count }) => [from, to, kind, count]).sort()).toEqual([
      ['boss', 'w0', 'delegation', 4],
      ['boss', 'w1', 'delegation', 3],
      ['boss', 'w2', 'delegation', 3],
    ])
    expect((await api.get('/v1/runs/gamma/graph')).status).toBe(404)
  })

  test('the calls of a run, paged, of one agent', async () => {
    const calls = await api.all<Row>('/v1/runs/alpha/calls', 6)
    expect(calls).toHaveLength(20)
    expect(calls.filter(({ state }) => state !== 'finished')).toMatchObject([{ id: 'c9', state: 'orphaned' }])
    expect(await api.all<Row>('/v1/runs/alpha/calls?agent=w1', 50)).toHaveLength(6)
  })
})

describe('state at a moment', () => {
  test('now, it is what the lists show', async () => {
    const { body } = await api.get<Record<string, Row[]>>('/v1/state')
    expect(body.agents?.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual(await api.all('/v1/agents', 10))
    expect(new Set(body.tasks)).toEqual(new Set(await api.all('/v1/tasks', 100)))
    expect(new Set(body.runs)).toEqual(new Set(await api.all('/v1/runs', 100)))
    expect(body.calls).toMatchObject([{ id: 'c9' }])
    expect(body.edges).toEqual([])
  })

  test('of one run it holds that run alone, with its closed calls', async () => {
    const { body } = await api.get<Record<string, Row[]>>('/v1/state?run=beta')
    expect(body).toMatchObject({ runs: [{ id: 'beta' }], tasks: [{ run: 'beta' }], agents: [{ id: 'w0' }], calls: [], edges: [] })
    const alpha = (await api.get<Record<string, Row[]>>('/v1/state?run=alpha')).body
    expect(alpha.calls).toHaveLength(20)
    const { edges } = (await api.get<Record<string, Row[]>>('/v1/runs/alpha/graph')).body
    expect(alpha.edges).toHaveLength(3)
    expect(new Set(alpha.edges)).toEqual(new Set(edges))
  })

  test('before anything happened it is empty; at a cursor it is what was then', async () => {
    expect((await api.get(`/v1/state?at=${new Date(base - 86_400_000).toISOString()}`)).body).toMatchObject({ agents: [], runs: [] })
    const before = await api.get<{ cursor: string }>('/v1/state')
    const at = Date.now()
    const { cursor } = await api.send([{ source: 'late', type: 'agent.started', time: new Date(at).toISOString(), agent: 'late' }])
    expect((await api.get('/v1/agents/late')).status).toBe(200)
    const ids = async (when: string) => (await api.get<{ agents: Row[] }>(`/v1/state?at=${when}`)).body.agents.map(({ id }) => id)
    expect(await ids(before.body.cursor)).not.toContain('late')
    expect(await ids(String(cursor))).toContain('late')
    expect(await ids(new Date(Date.now() + 1_000).toISOString())).toContain('late')
  })
})

describe('operations', () => {
  test('what was not applied is listed, and shown by its id', async () => {
    const items = await api.all<Row>('/v1/quarantine', 1)
    expect(items).toHaveLength(2)
    expect(items[0]).toMatchObject({ door: 'rest', code: 'INVALID_EVENT', source: 'fleet' })
    expect((await api.get(`/v1/quarantine/${items[0]?.id}`)).body).toEqual(items[0])
    expect((await api.get(`/v1/quarantine/${uuidv7(base)}`)).status).toBe(404)
  })

  test('a producer that lost a number is named', async () => {
    await expect
      .poll(() => api.all<Row>('/v1/producers', 1), { timeout: 10_000 })
      .toMatchObject([{ source: 'counter', high: 3, gaps: [{ epoch: 1, from: 2, to: 2 }], report: expect.stringContaining('lost 2') }])
  })

  test('probes and scrapers get what the document says', async () => {
    expect((await api.get('/livez')).body).toEqual({ status: 'ok' })
    expect((await api.get('/readyz')).body).toEqual({ status: 'ready' })
    const { headers } = await fetch(`${api.url}/metrics`)
    expect(Object.keys(api.document.paths['/metrics']?.get?.responses[200]?.content ?? {})).toEqual([
      headers.get('content-type')?.split(';')[0],
    ])
  })

  test('HEAD of a feed does not wait for it', async () => {
    for (const path of ['/v1/stream', '/v1/poll']) {
      const { status, headers } = await fetch(`${api.url}${path}`, { method: 'HEAD' })
      expect([status, headers.get('allow')]).toEqual([405, 'GET'])
    }
  })

  test('every path of the document says what it takes to who uses another method', async () => {
    for (const [path, methods] of Object.entries(api.document.paths)) {
      const response = await fetch(`${api.url}${path.replace(/\{\w+\}/g, 'x')}`, { method: 'PATCH' })
      const allow = response.headers.get('allow')?.split(', ') ?? []
      expect([path, response.status, allow.filter((method) => method !== 'HEAD').sort()]).toEqual([
        path,
        405,
        Object.keys(methods ?? {})
          .map((method) => method.toUpperCase())
          .sort(),
      ])
      expect(await response.json()).toMatchObject({ code: 'METHOD_NOT_ALLOWED' })
    }
    expect((await fetch(`${api.url}/v1/nothing`)).status).toBe(404)
    // No id is so long: its path is unknown, though its method is not.
    expect((await fetch(`${api.url}/v1/runs/${'x'.repeat(700)}`)).status).toBe(404)
  })

  test('the server tells about itself', async () => {
    expect((await api.get('/v1/pipeline')).body).toMatchObject({ durability: expect.any(String), totals: { underWay: 0 } })
    expect((await api.get('/v1/info')).body).toMatchObject({
      partitions: 2,
      retentionDays: 30,
      epoch: expect.stringMatching(/^[0-9a-f]{8}$/),
      capabilities: {
        live: { websocket: '/v1/live', sse: '/v1/stream', poll: '/v1/poll' },
        codecs: ['signalbox.json', 'signalbox.msgpack', 'signalbox.proto'],
        feeds: ['events', 'state'],
        durability: ['durable'],
        limits: { maxBatchEvents: 10_000, maxBodyBytes: 16_777_216, pageItems: 1_000 },
      },
    })
  })
})

describe('what is asked wrongly is refused by name', () => {
  const forged = (...key: unknown[]) => Buffer.from(JSON.stringify(key)).toString('base64url')
  test.each([
    ['/v1/events?limit=0', 'BAD_REQUEST', 'limit'],
    ['/v1/events?limit=1001', 'BAD_REQUEST', 'limit'],
    ['/v1/events?limit=ten', 'BAD_REQUEST', 'limit'],
    ['/v1/runs?limit=Infinity', 'BAD_REQUEST', 'limit'],
    ['/v1/quarantine?limit=-1e999', 'BAD_REQUEST', 'limit'],
    ['/v1/poll?wait=0&limit=1e999', 'BAD_REQUEST', 'limit'],
    ['/v1/events?order=up', 'BAD_REQUEST', 'order'],
    ['/v1/events?rnu=alpha', 'BAD_REQUEST', 'rnu'],
    ['/v1/events?run=', 'BAD_REQUEST', 'run'],
    ['/v1/events?agent=a%00b', 'BAD_REQUEST', 'agent'],
    [`/v1/events?task=${'x'.repeat(300)}`, 'BAD_REQUEST', 'task'],
    ['/v1/events/42', 'BAD_REQUEST', 'id'],
    ['/v1/stream?feed=news', 'BAD_REQUEST', 'feed'],
    ['/v1/poll?wait=99', 'BAD_REQUEST', 'wait'],
    ['/v1/poll?wait=0&feed=state&run=%00', 'BAD_REQUEST', 'run'],
    ['/v1/stream?feed=state&type=a%0a', 'BAD_REQUEST', 'type'],
    ['/v1/poll?cursor=nonsense!', 'BAD_CURSOR', 'cursor'],
    ['/v1/agents/%00', 'BAD_REQUEST', 'id'],
    ['/v1/runs/%00/graph', 'BAD_REQUEST', 'id'],
    ['/v1/tasks/t0?run=%00', 'BAD_REQUEST', 'run'],
    ['/v1/tasks?state=%00', 'BAD_REQUEST', 'state'],
    ['/v1/quarantine/42', 'BAD_REQUEST', 'id'],
    ['/v1/state?at=yesterday', 'BAD_REQUEST', 'at'],
    ['/v1/state?at=5', 'BAD_REQUEST', 'at'],
    ['/v1/state?at=2026-13-45T00:00:00Z', 'BAD_REQUEST', 'at'],
    ['/v1/state?at=2026-02-30T00:00:00Z', 'BAD_REQUEST', 'at'],
    [`/v1/state?at=${Buffer.from([1, 1, 2, 3, 4, 0, 0]).toString('base64url')}`, 'BAD_CURSOR', 'cursor'],
    ['/v1/events?cursor=nonsense', 'BAD_CURSOR', 'cursor'],
    [`/v1/events?cursor=${forged('runs', 1, 'alpha')}`, 'BAD_CURSOR', 'cursor'],
    [`/v1/events?cursor=${forged('events id desc', 'not an id')}`, 'BAD_CURSOR', 'cursor'],
    [`/v1/events?run=alpha&cursor=${forged('events position asc', 1.5)}`, 'BAD_CURSOR', 'cursor'],
    [`/v1/events?run=alpha&cursor=${forged('events position asc', 1e300)}`, 'BAD_CURSOR', 'cursor'],
    [`/v1/agents?cursor=${forged('agents', 'a\u0000')}`, 'BAD_CURSOR', 'cursor'],
    [`/v1/quarantine?cursor=${forged('quarantine', 'x')}`, 'BAD_CURSOR', 'cursor'],
    [`/v1/runs?cursor=${forged('runs', null, 'x')}`, 'BAD_CURSOR', 'cursor'],
    ['/v1/runs?cursor=%00', 'BAD_CURSOR', 'cursor'],
  ])('%s', async (path, code, named) => {
    const { status, body } = await api.get(path)
    expect(body).toMatchObject({ code, status: 400, detail: expect.stringContaining(named) })
    expect(status).toBe(400)
  })
})

test('an open call of an agent that stopped is orphaned, wherever it is read', async () => {
  await api.send([{ source: 'fleet', type: 'agent.stopped', time: new Date().toISOString(), agent: 'w0', run: 'alpha' }])
  const calls = await api.all<Row>('/v1/runs/alpha/calls?agent=w0', 50)
  expect(calls.find(({ id }) => id === 'c9')).toMatchObject({ state: 'orphaned' })
  expect((await api.get('/v1/state')).body).toMatchObject({ calls: [{ id: 'c9', state: 'orphaned' }] })
})

test('a task without a run is one task, whichever agents tell of it', async () => {
  const said = (type: string, agent: string, task: string, data = {}): EventInput => ({
    source: agent,
    type,
    time: new Date().toISOString(),
    agent,
    task,
    data,
  })
  for (let i = 0; i < 8; i += 1) {
    await api.send([said('task.created', 'boss', `free-${i}`, { title: 'Free', assignee: `hand-${i}` })])
    await api.send([said('task.completed', `hand-${i}`, `free-${i}`)])
  }
  const free = (tasks: readonly Row[]) => tasks.filter(({ id }) => id.startsWith('free-')).map(({ title, state }) => [title, state])
  const each = Array(8).fill(['Free', 'completed'])
  expect(free(await api.all('/v1/tasks', 100))).toEqual(each)
  expect(free((await api.get<{ tasks: Row[] }>('/v1/state')).body.tasks)).toEqual(each)
})

test('another tenant sees nothing of it', async () => {
  const { key } = await createKeys(api.pool).create('reader', ['read'], 'other')
  const ask = async (path: string) => {
    const response = await fetch(`${api.url}${path}`, { headers: { authorization: `Bearer ${key}` } })
    return { status: response.status, body: await response.json() }
  }
  for (const list of ['events', 'agents', 'runs', 'tasks', 'producers', 'quarantine', 'runs/alpha/calls'])
    expect(await ask(`/v1/${list}`), list).toMatchObject({ status: 200, body: { items: [], next: null } })
  for (const one of [`events/${sent[0]?.id}`, 'agents/boss', 'runs/alpha', 'runs/alpha/graph', 'tasks/t0'])
    expect(await ask(`/v1/${one}`), one).toMatchObject({ status: 404 })
  expect((await ask('/v1/state')).body).toMatchObject({ agents: [], runs: [], tasks: [], calls: [], edges: [] })
})

test('a graph that is cut says so, and shows the newest', async () => {
  const time = Date.now()
  const tasks = Array.from({ length: 1_001 }, (_, i) => ({
    ...{ source: 'fleet', type: 'task.created', time: new Date(time + i).toISOString(), agent: 'boss', run: 'large', task: `t${i}` },
    data: { assignee: 'w0' },
  }))
  await api.send(tasks.slice(1))
  expect((await api.get('/v1/runs/large/graph')).body).toMatchObject({ truncated: false, tasks: { length: 1_000 } })
  await api.send(tasks.slice(0, 1))
  const { body } = await api.get<{ truncated: boolean; tasks: Row[] }>('/v1/runs/large/graph')
  expect(body).toMatchObject({ truncated: true, tasks: { length: 1_000 } })
  expect(body.tasks.map(({ id }) => id)).not.toContain('t0')
})

test('text that PostgreSQL cannot hold is kept in every field that the fold reads', async () => {
  const odd = 'a\u0000b\ud800c\u001fd'
  const time = new Date().toISOString()
  const of = (type: string, data: Record<string, unknown>): EventInput => ({
    source: 'odd',
    type,
    time,
    run: 'odd',
    agent: 'odd',
    task: 'odd',
    data,
  })
  const events = [
    of('agent.started', { name: odd, manager: odd, model: odd, host: odd }),
    of('agent.status', { status: 'stuck', detail: odd, task: odd }),
    of('run.started', { name: odd }),
    of('run.failed', { error: odd }),
    of('task.created', { title: odd, parent: odd, assignee: odd }),
    of('task.assigned', { to: odd, from: `${odd}2` }),
    of('task.progress', { note: odd }),
    of('task.failed', { error: odd }),
    of('handoff', { to: odd }),
    of('tool.started', { call: odd, name: odd }),
    of('tool.failed', { call: odd, error: odd }),
    of('llm.failed', { call: odd.repeat(200), error: odd, model: odd }),
    of('message.sent', { to: odd.repeat(200), text: odd }),
  ]
  expect(await api.send(events)).toMatchObject({ accepted: events.length, refused: [] })
  for (const path of ['/v1/agents', '/v1/runs/odd', '/v1/runs/odd/graph', '/v1/runs/odd/calls', '/v1/tasks?run=odd', '/v1/state?run=odd'])
    expect((await api.get(path)).status, path).toBe(200)
  expect((await api.get('/v1/runs/odd')).body).toMatchObject({ name: odd, error: odd })
  expect((await api.all<StoredEvent>('/v1/events?run=odd', 4)).map(({ data }) => data)).toEqual(events.map(({ data }) => data))
})

test('the past can be asked for: rows of a moment, how much happened when, and where the next step is', async () => {
  const { body } = await api.get<{ rows: readonly Row[] }>(`/v1/state/rows?at=${new Date().toISOString()}&run=alpha`)
  expect(body.rows.length).toBeGreaterThan(10)
  expect((await api.get('/v1/timeline?buckets=10')).status).toBe(200)
  expect((await api.get(`/v1/events/step?at=${new Date(0).toISOString()}&kind=delegation`)).body).toMatchObject({
    event: { type: 'task.created' },
  })
})

test('once its log left with the retention, a moment is refused, and now is still known', async () => {
  const before = await api.get<{ cursor: string; agents: Row[]; tasks: Row[] }>('/v1/state')
  const later = Date.now() + 60 * 86_400_000
  // A list brings the rows up: what they do not stand for would stay.
  await api.get('/v1/agents')
  expect((await createLogDays(api.pool, { retentionDays: 30 }, () => later).dropExpired()).length).toBeGreaterThan(0)
  const gone = { status: 410, body: { code: 'HISTORY_GONE', detail: expect.stringContaining('starts at') } }
  expect(await api.get(`/v1/state?at=${new Date(base).toISOString()}`)).toMatchObject(gone)
  expect(await api.get(`/v1/state/rows?at=${new Date(base).toISOString()}`)).toMatchObject(gone)
  expect(await api.get(`/v1/state?at=${before.body.cursor}`)).toMatchObject({ status: 200, body: { cursor: before.body.cursor } })
  const after = await api.get<typeof before.body>('/v1/state')
  expect(after.body.cursor).toBe(before.body.cursor)
  expect(new Set(after.body.tasks)).toEqual(new Set(before.body.tasks))
  expect(new Set(after.body.agents)).toEqual(new Set(before.body.agents))
  expect((await api.get('/v1/state?run=alpha')).body).toMatchObject({ runs: [{ id: 'alpha' }] })
  expect((await api.get('/v1/events')).body).toEqual({ items: [], next: null })
})

test('metrics are asked for, with or without any', async () => {
  expect(await api.get('/v1/metrics')).toEqual({ status: 200, body: { items: [], truncated: false } })
  expect(await api.get('/v1/metrics/series?name=none')).toMatchObject({ status: 200, body: { name: 'none', series: [], truncated: false } })
})

test('what people keep is asked for, with or without any', async () => {
  for (const list of ['views', 'acknowledgements']) expect(await api.get(`/v1/${list}`)).toEqual({ status: 200, body: { items: [] } })
})

test('rates are of every agent that did something just now', async () => {
  const { status, body } = await api.get<{ ids: string[]; spark: number[][] }>('/v1/fleet/rates')
  expect([status, body.spark.length]).toEqual([200, body.ids.length])
})

test('figures over time are asked for', async () => {
  expect(await api.get('/v1/explore?by=agent')).toMatchObject({ status: 200, body: { complete: true } })
})

test('every query of the document was asked, and each answer was one that the document allows', () => {
  expect(api.document.openapi).toBe('3.1.0')
  const queries = Object.entries(api.document.paths).flatMap(([path, operations]) =>
    'get' in operations && path.startsWith('/v1/') && !['/v1/live', '/v1/ingest', '/v1/stream', '/v1/poll'].includes(path)
      ? [`GET ${path} 200`]
      : [],
  )
  expect(queries.length).toBeGreaterThan(12)
  expect([...api.checked]).toEqual(expect.arrayContaining(queries))
})

test('events of one call, newest first: however it is named, and none that only speaks of it', async () => {
  const at = (i: number) => ({ source: 'caller', time: new Date(base + i).toISOString(), run: 'calls', id: uuidv7(base + i) })
  const named = (data: Record<string, unknown>) => ({ data })
  const long = 'x'.repeat(300)
  const unnamed = { ...at(5), type: 'llm.finished' }
  const events = [
    { ...at(0), type: 'tool.started', ...named({ name: 'grep', call: 'c"1' }) },
    { ...at(1), type: 'tool.started', ...named({ call: 'c"12' }) },
    { ...at(2), type: 'tool.started', ...named({ call: 'other', args: { call: 'c"1' } }) },
    { ...at(3), type: 'log', ...named({ call: 'c"1' }) },
    { ...at(4), type: 'tool.finished', ...named({ call: 'c"1' }) },
    unnamed,
    { ...at(6), type: 'tool.failed', ...named({ call: long }) },
    { ...at(7), type: 'tool.attributed', ...named({ calls: ['c"12', 'c"1'], of: 'other' }) },
    { ...at(8), type: 'tool.attributed', ...named({ calls: ['c"12'], of: 'c"1' }) },
  ]
  await api.send(events)
  const of = async (call: string, more = '') =>
    (await api.all<StoredEvent>(`/v1/events?run=calls&call=${encodeURIComponent(call)}${more}`, 1)).map(({ id }) => id)
  expect(await of('c"1')).toEqual([events[7]?.id, events[4]?.id, events[0]?.id])
  expect(await of('c"1', '&order=asc')).toEqual([events[0]?.id, events[4]?.id, events[7]?.id])
  expect(await of(unnamed.id)).toEqual([unnamed.id])
  expect(await of(long.slice(0, 256))).toEqual([events[6]?.id])
  expect(await of('nothing')).toEqual([])
  expect(await api.get('/v1/events?call=c')).toMatchObject({ status: 400, body: { code: 'BAD_REQUEST' } })
})
