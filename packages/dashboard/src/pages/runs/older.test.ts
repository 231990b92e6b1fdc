import { emptyTotals } from '@signalbox/model/fold/totals.ts'
import type { RunRow } from '@signalbox/model/rows.ts'
import { expect, test } from 'vitest'
import { listed, parseRunSorting, type WantedRuns } from './list.ts'
import { mostPages, type Place, placeKey, placeOf, type RunsPage, readOlder, withOlderRuns } from './older.ts'

const tasks = { submitted: 0, working: 0, input_required: 0, auth_required: 0, completed: 1, failed: 0, canceled: 0, rejected: 0 }
const all: WantedRuns = { q: '', status: '', errors: false }
const since = Date.parse('2026-01-01T00:00:00Z')

/** The nth run of a server that has so many; a greater one is older. */
const view = (n: number) => ({
  ...{ id: `r${n}`, state: n % 10 === 0 ? ('failed' as const) : ('finished' as const), synthetic: false, events: 1, agents: [] },
  ...{ startedAt: new Date(since - n).toISOString(), lastEventAt: new Date(since).toISOString(), tasks, totals: emptyTotals },
})
function serverOf(runs: number) {
  const asked: string[] = []
  const readPage = async (path: string): Promise<RunsPage> => {
    const query = new URL(path, 'http://any').searchParams
    asked.push(`${query.get('limit')} from ${query.get('cursor') ?? 0}${query.has('state') ? ` ${query.get('state')}` : ''}`)
    const [from, limit] = [Number(query.get('cursor') ?? 0), Number(query.get('limit'))]
    const to = Math.min(runs, from + limit)
    const items = Array.from({ length: to - from }, (_, i) => view(from + i))
    return { items: items.filter(({ state }) => state === (query.get('state') ?? state)), next: to < runs ? String(to) : null }
  }
  return { asked, readPage }
}

/** A press where the feed has the newest so many. */
async function press(runs: number, fed: number, { place = '' as Place, room = 20_000, wanted = all, read = new Set<string>() } = {}) {
  const { asked, readPage } = serverOf(runs)
  const isFed = (id: string) => Number(id.slice(1)) < fed
  const brought: string[] = []
  let [next, found, looked] = [place, 0, 0]
  for await (const step of readOlder({ place, wanted, room, isFed, isRead: (id) => read.has(id), readPage })) {
    ;({ place: next, found, looked } = step)
    for (const { id } of step.runs) {
      brought.push(id)
      read.add(id)
    }
  }
  return { asked, brought: [brought.length, brought[0], brought.at(-1)], next, found, looked }
}

test('a press passes over what the feed has in large pages, and stops at enough', async () => {
  expect(await press(5_000, 2_300)).toEqual({
    asked: ['200 from 0', '1000 from 200', '1000 from 1200', '1000 from 2200'],
    ...{ brought: [900, 'r2300', 'r3199'], next: '3200', found: 900, looked: 3_200 },
  })
})

test('the next one goes on from there, to the end', async () => {
  expect(await press(5_000, 2_300, { place: '3200' })).toMatchObject({ asked: ['200 from 3200'], found: 200, next: '3400' })
  expect(await press(5_000, 2_300, { place: '4900' })).toMatchObject({ brought: [100, 'r4900', 'r4999'], found: 100, next: null })
  expect(await press(5_000, 2_300, { place: null })).toMatchObject({ asked: [], next: null })
})

test('what was read before is brought again, newer, and not counted', async () => {
  expect(await press(450, 0, { read: new Set(Array.from({ length: 200 }, (_, n) => `r${n}`)) })).toMatchObject({
    asked: ['200 from 0', '1000 from 200'],
    ...{ brought: [450, 'r0', 'r449'], found: 250 },
  })
})

test('only what passes the filters counts; a state is asked for', async () => {
  expect(await press(3_000, 100, { wanted: { ...all, q: 'R2999' } })).toMatchObject({
    brought: [2_900, 'r100', 'r2999'],
    found: 1,
    next: null,
  })
  expect(await press(3_000, 100, { wanted: { ...all, status: 'failed' } })).toMatchObject({
    asked: ['200 from 0 failed', '200 from 200 failed', ...Array.from({ length: 9 }, (_, i) => `200 from ${400 + 200 * i} failed`)],
    ...{ brought: [210, 'r100', 'r2190'], found: 210 },
  })
})

test('a press is bounded in pages, and in what it may bring', async () => {
  const looked = 200 + (mostPages - 1) * 1_000
  expect(await press(500_000, 400_000)).toMatchObject({ brought: [0, undefined, undefined], found: 0, looked, next: String(looked) })
  expect(await press(500_000, 0, { wanted: { ...all, q: 'no such run' }, room: 3_000 })).toMatchObject({
    ...{ found: 0, looked: 3_000, brought: [3_000, 'r0', 'r2999'] },
  })
})

test('a page that fails ends it; what came before is told', async () => {
  const { readPage } = serverOf(5_000)
  const told: Place[] = []
  const fails = async (path: string) => {
    if (path.includes('cursor=1200')) throw new Error(`${path} answered 503`)
    return readPage(path)
  }
  const reading = async () => {
    const isFed = () => true
    for await (const { place } of readOlder({ place: '', wanted: all, room: 20_000, isFed, isRead: isFed, readPage: fails }))
      told.push(place)
  }
  await expect(reading).rejects.toThrow('/v1/runs?limit=1000&cursor=1200 answered 503')
  expect(told).toEqual(['200', '1200'])
})

test.each([
  ['nothing was read', [], all, ''],
  ['others were', [['', '400']], { ...all, q: 'x' }, '400'],
  [
    'the filter was',
    [
      ['', '400'],
      [placeKey({ ...all, q: 'x' }), '900'],
    ],
    { ...all, q: ' X ' },
    '900',
  ],
  ['the filter was to its end', [[placeKey({ ...all, status: 'failed' }), null]], { ...all, status: 'failed' }, null],
  ['another filter was', [[placeKey({ ...all, status: 'failed' }), null]], all, ''],
  [
    'all were',
    [
      ['', null],
      [placeKey({ ...all, q: 'x' }), '900'],
    ],
    { ...all, q: 'x' },
    null,
  ],
] as const)('reading begins where what is wanted is not held yet: %s', (_, places, wanted, place) => {
  expect(placeOf(new Map<string, Place>(places), wanted)).toBe(place)
})

test('older runs stand in the order and under the filters of the list, and the feed’s row wins', async () => {
  const reading = { place: '', wanted: all, room: 20_000, isFed: () => false, isRead: () => false, readPage: serverOf(3).readPage }
  const page = await readOlder(reading).next()
  const older = new Map((page.done === true ? [] : page.value.runs).map((run) => [run.id, run]))
  const now: RunRow = { ...(older.get('r1') as RunRow), state: 'running', startedAt: since - 1 }
  const young: RunRow = { ...now, id: 'young', startedAt: since + 1 }
  const runs = withOlderRuns([young, now], older)
  expect(listed(runs, all, parseRunSorting(''), new Map(), since)).toEqual(['young', 'r0', 'r1', 'r2'])
  expect(listed(runs, { ...all, status: 'running' }, parseRunSorting('started'), new Map(), since)).toEqual(['r1', 'young'])
  expect(listed(runs, { ...all, q: 'r1' }, parseRunSorting(''), new Map(), since)).toEqual(['r1'])
  expect(runs.find(({ id }) => id === 'r2')).toEqual({ ...view(2), startedAt: since - 2, lastEventAt: since })
  const fed = [now]
  expect(withOlderRuns(fed, new Map())).toBe(fed)
})
