import { expect, test } from 'vitest'
import { ticksOf, zoneText } from './axis.ts'

const at = Date.UTC(2026, 2, 4, 12, 0, 0)
const hour = 3_600_000

test.each([
  ['milliseconds', 100, [0, 20, 40, 60, 80, 100]],
  ['seconds', 5_000, [0, 1_000, 2_000, 3_000, 4_000, 5_000]],
  ['minutes', 12 * 60_000, [0, 2, 4, 6, 8, 10, 12].map((n) => n * 60_000)],
  ['hours', 6 * hour, [0, 1, 2, 3, 4, 5, 6].map((n) => n * hour)],
])('ticks stand at whole %s', (_, length, wanted) => {
  expect(ticksOf({ from: at, to: at + length }, 7, () => 0).map((tick) => tick.at - at)).toEqual(wanted)
})

test('days begin at midnight of the reader, also after the clock was set forward', () => {
  const changes = at + 24 * hour
  const ahead = (time: number) => (time < changes ? hour : 2 * hour)
  const ticks = ticksOf({ from: at, to: at + 72 * hour }, 4, ahead)
  expect(ticks.map((tick) => (tick.at + ahead(tick.at)) % (24 * hour))).toEqual([0, 0, 0])
})

test('however long the window, the ticks are few', () => {
  for (let length = 20; length < 1e13; length *= 3.7) {
    const ticks = ticksOf({ from: at, to: at + length }, 8)
    expect(ticks.length).toBeLessThanOrEqual(9)
    expect(ticks.length).toBeGreaterThan(0)
  }
})

test('the zone is told', () => {
  const zoned = (minutes: number) => zoneText({ getTimezoneOffset: () => -minutes } as Date)
  expect([zoned(0), zoned(120), zoned(-210), zoned(345)]).toEqual(['UTC', 'UTC+2', 'UTC−3:30', 'UTC+5:45'])
})
