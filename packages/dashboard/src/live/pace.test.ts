import { expect, test, vi } from 'vitest'
import { createPace } from './pace.ts'

/** A screen of sixty frames a second, whose frames take what the test says. */
function screen() {
  let now = 0
  let tookMs = 1
  let hidden = false
  let asked: (() => void) | undefined
  let timer: { readonly at: number; readonly run: () => void } | undefined
  const rates: number[] = []
  let applied = 0
  const pace = createPace(
    {
      now: () => now,
      request(run) {
        asked = run
        return () => {
          asked = undefined
        }
      },
      after(ms, run) {
        timer = { at: now + ms, run }
        return () => {
          timer = undefined
        }
      },
      painted(run) {
        now += tookMs
        run()
      },
      hidden: () => hidden,
    },
    (rate) => rates.push(rate),
  )
  const frame = () => {
    const begun = now
    if (timer !== undefined && timer.at <= now) {
      const { run } = timer
      timer = undefined
      run()
    }
    const run = asked
    asked = undefined
    if (!hidden) run?.()
    now = Math.max(begun + 1_000 / 60, now)
  }
  const pass = (ms: number, each: number) => {
    tookMs = each
    for (const until = now + ms; now < until; ) frame()
  }
  return {
    pace,
    rates,
    pass,
    /** With something to apply all the time. Answers how often it was. */
    run(ms: number, each = 1) {
      applied = 0
      const again = () => {
        applied += 1
        pace.next(again)
      }
      pace.next(again)
      pass(ms, each)
      return applied
    },
    hide(is: boolean) {
      hidden = is
      pace.reconsider()
    },
  }
}

test('changes are applied once a frame, all of them in the same', () => {
  const { pace, run } = screen()
  const order: string[] = []
  pace.next(() => order.push('rows'))
  pace.next(() => order.push('asks for more'))
  run(20)
  expect(order).toEqual(['rows', 'asks for more'])
  expect(screen().run(1_000)).toBeGreaterThanOrEqual(58)
})

test('frames that take too long, thirty in a row, halve the rate, down to two a second; some do not', () => {
  const { rates, run } = screen()
  run(400, 14)
  run(200, 2)
  run(400, 14)
  expect(rates).toEqual([])
  run(60_000, 14)
  expect(rates).toEqual([30, 15, 8, 4, 2])
})

test('frames that take very long lessen it too', () => {
  const { rates, run } = screen()
  run(3_000, 80)
  expect(rates).toEqual([30])
})

test('at a reduced rate changes are applied so often', () => {
  const { rates, run } = screen()
  run(560, 14)
  expect(rates).toEqual([30])
  const other = screen()
  other.run(1_800, 14)
  expect(other.rates).toEqual([30, 15])
})

test('the rate comes back slowly, and more slowly where it did not hold', () => {
  const { rates, run } = screen()
  run(600, 14)
  expect(rates).toEqual([30])
  run(9_000, 2)
  expect(rates).toEqual([30])
  run(3_000, 2)
  expect(rates).toEqual([30, 60])
  run(600, 14)
  expect(rates).toEqual([30, 60, 30])
  run(12_000, 2)
  expect(rates).toEqual([30, 60, 30])
  run(12_000, 2)
  expect(rates).toEqual([30, 60, 30, 60])
})

test('a page that nobody sees applies once a second, also what was asked for while it was seen', () => {
  const { pace, run, hide, rates } = screen()
  const waiting = vi.fn()
  pace.next(waiting)
  hide(true)
  const times = run(10_000, 50)
  expect(waiting).toHaveBeenCalledTimes(1)
  expect([times >= 9 && times <= 10, rates]).toEqual([true, []])
})

test('one that stumbles does not stop the others', () => {
  const complain = vi.fn()
  vi.stubGlobal('reportError', complain)
  const { pace, run } = screen()
  const after = vi.fn()
  pace.next(() => {
    throw new Error('stumbled')
  })
  pace.next(after)
  run(20)
  expect([after.mock.calls.length, complain.mock.calls.length]).toEqual([1, 1])
  vi.unstubAllGlobals()
})

test('frames that take long, but come now and then, do not lessen the rate', () => {
  const { pace, rates, pass } = screen()
  for (let i = 0; i < 100; i += 1) {
    pace.next(() => {})
    pass(100, 30)
  }
  expect(rates).toEqual([])
})
