import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createByAge } from './by-age.ts'

const step = fc.oneof(
  fc.record({ put: fc.integer({ min: 0, max: 12 }).map(String), value: fc.integer() }),
  fc.constant('take' as const),
  fc.record({ get: fc.integer({ min: 0, max: 12 }).map(String) }),
)

test('it is a list of keys of which the one that is put goes to its end', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const held = createByAge<number>()
      let list: (readonly [string, number])[] = []
      for (const one of steps) {
        if (one === 'take') expect(held.takeOldest()).toEqual(list.shift())
        else if ('get' in one) expect(held.get(one.get)).toBe(list.find(([key]) => key === one.get)?.[1])
        else {
          held.put(one.put, one.value)
          list = [...list.filter(([key]) => key !== one.put), [one.put, one.value]]
        }
        expect([...held.oldestFirst()]).toEqual(list)
        expect(held.size()).toBe(list.length)
      }
    }),
  )
})

test('what is touched for long leaves nothing behind', () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const heldBytes = () => {
    collect()
    return process.memoryUsage().heapUsed
  }
  const held = createByAge<number>()
  const before = heldBytes()
  for (let i = 0; i < 2_000_000; i += 1) held.put(String(i % 3), i)
  // A kept iterator of a Map: 100 MB.
  expect(heldBytes() - before).toBeLessThan(10_000_000)
  expect(held.size()).toBe(3)
})

test('one that comes where the oldest has to go costs as much as one that finds room', () => {
  // A Map of as many has room for as many more that went, and clears up only then.
  const most = 66_000
  const went = 58_000
  const some = 5_000
  const held = createByAge<number>()
  let next = 0
  const putsMs = (count: number) => {
    const startedAt = performance.now()
    for (let i = 0; i < count; i += 1) {
      next += 1
      held.put(String(next), next)
      if (held.size() > most) held.takeOldest()
    }
    return performance.now() - startedAt
  }
  const toFill = putsMs(most)
  putsMs(went)
  // By a Map's order: 60 times as long an entry as while it was filled.
  expect(putsMs(some)).toBeLessThan((15 * toFill * some) / most)
})
