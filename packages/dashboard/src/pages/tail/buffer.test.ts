import type { StoredEvent } from '@signalbox/model/event.ts'
import { expect, test } from 'vitest'
import { createBuffer, type Line, matchingLines } from './buffer.ts'

const event = (id: string, type = 'log', data: Record<string, unknown> = {}): StoredEvent => ({
  id,
  type,
  source: 's',
  agent: 'w1',
  time: '2026-03-04T12:00:00.000Z',
  data,
  partition: 0,
  position: 1,
  receivedAt: '2026-03-04T12:00:00.000Z',
})
const events = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => event(String(from + i)))
const names = (lines: readonly Line[]) => lines.map((line) => (line.kind === 'event' ? line.event.id : line.why))

test('the newest are held, the oldest leave and are counted, and no line changes its number', () => {
  const buffer = createBuffer(8)
  buffer.push(events(0, 6))
  const sixth = buffer.lines()[5]
  buffer.push(events(6, 9))
  expect(names(buffer.lines())).toEqual(['1', '2', '3', '4', '5', '6', '7', '8'])
  expect([buffer.came(), buffer.left(), buffer.lines()[4]]).toEqual([9, 1, sixth])
  buffer.push(events(9, 100))
  expect(names(buffer.lines())).toEqual(['92', '93', '94', '95', '96', '97', '98', '99'])
  expect([buffer.came(), buffer.left()]).toEqual([100, 92])
})

test('lines handed out are not changed by what comes later: a paused view keeps them', () => {
  const buffer = createBuffer(4)
  buffer.push(events(0, 3))
  const paused = buffer.lines()
  expect(buffer.lines()).toBe(paused)
  buffer.push(events(3, 20))
  expect(names(paused)).toEqual(['0', '1', '2'])
})

test('history stands before what came live, each event once, within the bound', () => {
  const buffer = createBuffer(5)
  buffer.push(events(3, 5))
  buffer.before(events(0, 4))
  expect(names(buffer.lines())).toEqual(['0', '1', '2', '3', '4'])
  expect(buffer.came()).toBe(2)
  buffer.before(events(-5, 0))
  expect(buffer.lines()).toHaveLength(5)
  const numbers = buffer.lines().map(({ n }) => n)
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
})

test('a gap is a line of its own that no filter hides', () => {
  const buffer = createBuffer(8)
  buffer.push([event('1', 'tool.failed', { name: 'Bash' })])
  buffer.gap('some are missing')
  buffer.push([event('2', 'tool.finished', { name: 'Grep' })])
  const found = (q: string, errors: boolean) => names(matchingLines(buffer.lines(), q, errors))
  expect(found('', false)).toEqual(['1', 'some are missing', '2'])
  expect(found('GREP w1', false)).toEqual(['some are missing', '2'])
  expect(found('', true)).toEqual(['1', 'some are missing'])
})

test('another filter begins empty', () => {
  const buffer = createBuffer(2)
  buffer.push(events(0, 5))
  buffer.clear()
  expect([buffer.lines(), buffer.came(), buffer.left()]).toEqual([[], 0, 0])
})
