import type { StoredEvent } from '@signalbox/model/event.ts'
import { expect, test } from 'vitest'
import { createBuffer, type Line } from './buffer.ts'
import { createView } from './view.ts'

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
const numbers = (lines: readonly Line[]) => lines.map(({ n }) => n)
function filled(most: number, from: number, to: number) {
  const buffer = createBuffer(most)
  for (const one of events(from, to)) buffer.push(one)
  return buffer
}
const push = (buffer: ReturnType<typeof createBuffer>, from: number, to: number) => {
  for (const one of events(from, to)) buffer.push(one)
}

test('the newest are held, the oldest leave and are counted, and no line changes its number', () => {
  const buffer = filled(8, 0, 6)
  const sixth = buffer.lines()[5]
  push(buffer, 6, 9)
  expect(names(buffer.lines())).toEqual(['1', '2', '3', '4', '5', '6', '7', '8'])
  expect([buffer.came(), buffer.left(), buffer.lines()[4]]).toEqual([9, 1, sixth])
  push(buffer, 9, 100)
  expect(names(buffer.lines())).toEqual(['92', '93', '94', '95', '96', '97', '98', '99'])
  expect([buffer.came(), buffer.left()]).toEqual([100, 92])
})

test('lines handed out are not changed by what comes later', () => {
  const buffer = filled(4, 0, 3)
  const handed = buffer.lines()
  expect(buffer.lines()).toBe(handed)
  push(buffer, 3, 20)
  expect(names(handed)).toEqual(['0', '1', '2'])
})

test('history stands before what came live, each event once, within the bound', () => {
  const buffer = filled(5, 3, 5)
  buffer.before(events(0, 4))
  expect(names(buffer.lines())).toEqual(['0', '1', '2', '3', '4'])
  expect(buffer.came()).toBe(2)
  buffer.before(events(-5, 0))
  expect(buffer.lines()).toHaveLength(5)
  expect(numbers(buffer.lines())).toEqual([...numbers(buffer.lines())].sort((a, b) => a - b))
})

test('a gap is a line of its own that no filter hides', () => {
  const buffer = createBuffer(8)
  const view = createView(buffer)
  buffer.push(event('1', 'tool.failed', { name: 'Bash' }))
  buffer.gap('some are missing')
  buffer.push(event('2', 'tool.finished', { name: 'Grep' }))
  expect(names(view.lines())).toEqual(['1', 'some are missing', '2'])
  view.ask(({ event: { type } }) => type === 'tool.finished')
  expect(names(view.lines())).toEqual(['some are missing', '2'])
  view.ask(({ level }) => level === 'error')
  expect(names(view.lines())).toEqual(['1', 'some are missing'])
})

test('a held view stands still, counts what comes, and shows it when it follows again', () => {
  const buffer = filled(4, 0, 3)
  const view = createView(buffer)
  const even = (line: { readonly event: StoredEvent }) => Number(line.event.id) % 2 === 0
  view.ask(even)
  view.hold()
  expect(names(view.lines())).toEqual(['0', '2'])
  push(buffer, 3, 9)
  expect([names(view.lines()), view.waiting(), view.fresh()]).toEqual([['0', '2'], 6, 2])
  view.follow()
  expect([names(view.lines()), view.waiting(), view.fresh()]).toEqual([['6', '8'], 0, 0])
})

test('only what is new is asked, however often the lines are looked at', () => {
  const buffer = filled(100, 0, 50)
  const view = createView(buffer)
  let asked = 0
  view.ask(() => {
    asked += 1
    return true
  })
  view.lines()
  push(buffer, 50, 60)
  buffer.before(events(-5, 0))
  expect(numbers(view.lines())).toHaveLength(65)
  expect(view.lines()).toBe(view.lines())
  expect(asked).toBe(65)
})

test('a held view takes older lines, also when the buffer has gone on without it', () => {
  const buffer = filled(4, 0, 4)
  const view = createView(buffer)
  view.hold()
  view.before(events(-2, 1))
  expect(names(view.lines())).toEqual(['-2', '-1', '0', '1', '2', '3'])
  push(buffer, 4, 50)
  view.before(events(-4, -2))
  expect(names(view.lines())).toEqual(['-4', '-3', '-2', '-1', '0', '1', '2', '3'])
  expect(numbers(view.lines())).toEqual([...numbers(view.lines())].sort((a, b) => a - b))
  view.follow()
  expect(names(view.lines())).toEqual(['46', '47', '48', '49'])
})
