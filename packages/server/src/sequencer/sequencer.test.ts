import { uuidv7 } from '@signalbox/model/ids.ts'
import { expect, test } from 'vitest'
import { event, expectProjectedAsFolded, holesOf, line, logOf, work } from './testing.ts'

test('events are stored as sent, numbered without a gap in each partition', async () => {
  const it = await line()
  const events = Array.from({ length: 300 }, (_, i) => event({ run: `r${i % 7}` }))
  expect((await it.send(events)).every(({ kind }) => kind === 'stored')).toBe(true)
  const rows = await logOf(it)
  expect(holesOf(rows)).toEqual([])
  expect(new Set(rows.map(({ id }) => id))).toEqual(new Set(events.map(({ id }) => id)))
  expect(rows.every(({ data }) => data === events[0]?.dataJson)).toBe(true)
})

test('the same event again is a duplicate: in one batch, in another, with its data in another order', async () => {
  const it = await line()
  const first = event({ data: { a: 1, b: 2 } })
  expect(await it.send([first, { ...first }])).toMatchObject([{ kind: 'stored' }, { kind: 'duplicate' }])
  const reordered = event({ ...first, data: { b: 2, a: 1 } })
  expect(await it.send([event(), first, reordered, event()])).toMatchObject([
    { kind: 'stored' },
    { kind: 'duplicate' },
    { kind: 'duplicate' },
    { kind: 'stored' },
  ])
  const rows = await logOf(it)
  expect(holesOf(rows)).toEqual([])
  expect(rows).toHaveLength(3)
})

test('an id with other content is refused, in the partition that has it and in the other, and both bodies are kept once', async () => {
  const it = await line()
  const first = event({ data: { text: 'first' } })
  await it.send([first])
  const others = ['r1', 'r2', 'r3', 'r4'].map((run) => event({ ...first, run, data: { text: `of ${run}` } }))
  for (let again = 0; again < 2; again += 1)
    expect((await it.send(others)).map((outcome) => outcome.kind === 'refused' && outcome.code)).toEqual(others.map(() => 'ID_REUSED'))
  const { rows } = await it.store.pool.query<{ body: string; other_body: string }>('select body, other_body from quarantine')
  expect(rows.map(({ body }) => JSON.parse(body).data.text).sort()).toEqual(['of r1', 'of r2', 'of r3', 'of r4'])
  expect(rows.every(({ other_body }) => JSON.parse(other_body).data.text === 'first')).toBe(true)
  expect(await it.send([event()])).toMatchObject([{ kind: 'stored' }])
})

test('a repeat in the batch shares the fate of what it repeats', async () => {
  const it = await line()
  const held = event({ data: { text: 'held' } })
  await it.send([held])
  const other = event({ ...held, data: { text: 'other' } })
  expect(await it.send([other, { ...other }, held])).toMatchObject([
    { kind: 'refused', code: 'ID_REUSED' },
    { kind: 'refused', code: 'ID_REUSED' },
    { kind: 'duplicate' },
  ])
  const fresh = event({ data: { text: 'one' } })
  expect(await it.send([fresh, event({ ...fresh, data: { text: 'two' } })])).toMatchObject([
    { kind: 'stored' },
    { kind: 'refused', code: 'ID_REUSED' },
  ])
})

test('two partitions that insert the same ids at once, in opposite order, both finish', async () => {
  const it = await line()
  const mine = Array.from({ length: 200 }, () => event())
  const theirs = mine.map((one) => event({ ...one, run: 'of the other partition' })).reverse()
  const publish = (partition: number, events: typeof mine) =>
    it.broker.publish({ partition, events, backfill: false, receivedAt: Date.now() })
  const [a, b] = await Promise.all([publish(0, mine), publish(1, theirs)])
  const stored = [...a.outcomes, ...b.outcomes].filter(({ kind }) => kind === 'stored')
  const refused = [...a.outcomes, ...b.outcomes].filter((outcome) => outcome.kind === 'refused' && outcome.code === 'ID_REUSED')
  expect([stored.length, refused.length]).toEqual([200, 200])
  const rows = await logOf(it)
  expect(rows).toHaveLength(200)
  expect(holesOf(rows)).toEqual([])
})

test('too old is refused by name, history enters by backfill, the future does not', async () => {
  const it = await line()
  const past = event({ time: Date.UTC(2020, 0, 1) })
  const future = event({ id: uuidv7(Date.now() + 600_000) })
  expect(await it.send([past, future])).toMatchObject([
    { kind: 'refused', code: 'EVENT_TOO_OLD' },
    { kind: 'refused', code: 'EVENT_FROM_FUTURE' },
  ])
  expect(await it.send([past, future], { backfill: true })).toMatchObject([
    { kind: 'stored' },
    { kind: 'refused', code: 'EVENT_FROM_FUTURE' },
  ])
})

test('an event that the fold cannot take is kept aside, and the rest of its batch lands without a trace of it', async () => {
  const it = await line()
  // No door lets this through; the sequencer must not rely on that.
  const poison = { ...event({ type: 'agent.started' }), data: null } as unknown as ReturnType<typeof event>
  const outcomes = await it.send([event(), poison, { ...poison }, event()])
  expect(outcomes).toMatchObject([
    { kind: 'stored' },
    { kind: 'refused', code: 'INTERNAL' },
    { kind: 'refused', code: 'INTERNAL' },
    { kind: 'stored' },
  ])
  expect(holesOf(await logOf(it))).toEqual([])
  const { rows } = await it.store.pool.query<{ code: string; event_id: string }>('select code, event_id from quarantine')
  expect(rows).toEqual([{ code: 'INTERNAL', event_id: poison.id }])
  await it.store.projections.caughtUp()
  const { rows: agents } = await it.store.pool.query<{ body: { events: number } }>("select body from projections where tbl = 'agents'")
  expect(agents[0]?.body.events).toBe(2)
})

test('events that the store cannot take are kept aside, and the rest of their batch lands', async () => {
  const it = await line()
  const events = Array.from({ length: 40 }, (_, i) => event(i === 7 || i === 30 ? { source: 'with \u0000 in it' } : {}))
  const outcomes = await it.send(events)
  expect(outcomes.flatMap(({ kind }, i) => (kind === 'stored' ? [] : [i]))).toEqual([7, 30])
  const rows = await logOf(it)
  expect(rows).toHaveLength(38)
  expect(holesOf(rows)).toEqual([])
  const { rows: kept } = await it.store.pool.query<{ event_id: string }>('select event_id from quarantine')
  expect(new Set(kept.map(({ event_id }) => event_id))).toEqual(new Set([events[7]?.id, events[30]?.id]))
})

test('what is projected is the fold of the log, for each tenant, also by a writer that has to read the rows first', async () => {
  const it = await line()
  const [ours, theirs] = [work(400), work(100, 'another')]
  for (let i = 0; i < ours.length; i += 37) await it.send([...ours.slice(i, i + 37), ...theirs.slice(i, i + 37)])
  await expectProjectedAsFolded(it, 'default')
  await expectProjectedAsFolded(it, 'another')
  await it.stop()
  const next = await line({ url: it.url })
  await next.send(work(200))
  await expectProjectedAsFolded(next, 'default')
})

test('the bus is told of each commit after it is durable: dense, in order, with the newest row of every key', async () => {
  const it = await line()
  const seen: Promise<number>[] = []
  it.bus.subscribe(({ partition, to }) => seen.push(it.store.reader.heads().then(({ positions }) => (positions[partition] ?? 0) - to)))
  for (let i = 0; i < 4; i += 1) await it.send(work(50))
  expect((await Promise.all(seen)).every((ahead) => ahead >= 0)).toBe(true)
  for (const partition of [0, 1]) {
    let head = 0
    for (const commit of it.commits.filter((one) => one.partition === partition)) {
      expect(commit.from).toBe(head + 1)
      expect(commit.events.map(({ position }) => position)).toEqual(Array.from({ length: commit.to - head }, (_, i) => head + 1 + i))
      expect(commit.rows.length).toBeGreaterThan(0)
      head = commit.to
    }
  }
})
