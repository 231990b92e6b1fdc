/** Fixed seeds over every parser; `faults/fuzz/main.ts` tries others for as long as it is given. */
import { expect, test } from 'vitest'
import { fuzz, must, type Target } from './fuzz.ts'
import { guarded } from './guard.ts'
import { targets } from './targets.ts'

const inputs = 400

test('every parser keeps its promise whatever comes', async () => {
  const all = await guarded({ targets: targets.map(({ name }) => name), seed: 20, inputs })
  const breaches = all.flatMap((fuzzed) => fuzzed.breaches)
  expect(breaches.map(({ target, why, input }) => `${target}: ${why}\n${Buffer.from(input).toString('latin1')}`)).toEqual([])
  expect(all.map(({ target, tried }) => [target, tried])).toEqual(targets.map(({ name }) => [name, inputs]))
  for (const [i, { expects, name }] of targets.entries())
    expect([...(all[i]?.outcomes.keys() ?? [])], name).toEqual(expect.arrayContaining([...expects]))
})

test('an unknown target ends the thread, and that is told', async () => {
  const [found] = await guarded({ targets: ['none'], seed: 1, inputs: 1 })
  expect(found?.breaches[0]?.why).toContain('There is no target "none"')
})

const broken: Target = {
  name: 'broken',
  expects: [],
  seeds: () => [Buffer.from('{"a":"a long text that is of no matter","b":[1,2,3]}')],
  check(input) {
    must(!Buffer.from(input).includes('[['), 'no list is in a list')
    return 'fine'
  },
}

test('what breaks is found, made small, and found again by its seed', async () => {
  const run = () => fuzz(broken, { seed: 1, inputs: 3_000 })
  const [first, second] = [await run(), await run()]
  expect(first.breaches).toHaveLength(1)
  expect(first.breaches[0]?.why).toContain('no list is in a list')
  expect(String(Buffer.from(first.breaches[0]?.input ?? []))).toBe('[[')
  expect(second).toEqual(first)
})
