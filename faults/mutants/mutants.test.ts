import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { mutated } from './mutant.ts'
import { mutants } from './mutants.ts'
import { inOrder, trialsOf } from './run.ts'
import { scenarios } from './scenarios.ts'

test('every mutant bites in the source as it is now, and what it makes is read by Node', () => {
  for (const mutant of mutants) {
    const source = readFileSync(join(import.meta.dirname, '../../packages', mutant.file), 'utf8')
    const bitten = mutated(mutant, source)
    expect(bitten, mutant.name).not.toBe(source)
    expect(() => stripTypeScriptTypes(bitten), mutant.name).not.toThrow()
  }
  expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length)
})

test('a mutant whose place is gone, or is twice, is an error', () => {
  const mutant = { name: 'm', what: '', law: 'lost', file: 'f.ts', find: 'a < b', put: 'a <= b', scenario: 'load' } as const
  expect(mutated(mutant, 'if (a < b) return')).toBe('if (a <= b) return')
  expect(() => mutated(mutant, 'if (a > b) return')).toThrow('0 times')
  expect(() => mutated(mutant, 'if (a < b || a < b) return')).toThrow('2 times')
})

test('every mutant is tried once, behind the server as it is in the same scenario; names may be several, and have to name something', () => {
  const all = trialsOf([])
  expect(all).toHaveLength(mutants.length + Object.keys(scenarios).length)
  expect(new Set(all.flatMap(({ mutant }) => mutant?.name ?? []))).toEqual(new Set(mutants.map(({ name }) => name)))
  const some = trialsOf(['resume skips', 'commits gather']).map(({ scenario, mutant }) => [scenario, mutant?.name])
  expect(some).toEqual([
    ['server killed', undefined],
    ['server killed', 'resume skips one'],
    ['commits gather', undefined],
    ['commits gather', 'outcomes of another submission'],
    ['commits gather', 'late id outside of its commit'],
  ])
  expect(() => trialsOf(['resume skips', 'nothing like it'])).toThrow('"nothing like it"')
})

test('trials run so many at once, and are told in their order, whichever ends first', async () => {
  const ends = new Map<number, () => void>()
  const told: number[] = []
  const work = (n: number) => new Promise<number>((resolve) => ends.set(n, () => resolve(n * 10)))
  const running = inOrder([1, 2, 3], 2, work, (out) => told.push(out))
  expect([...ends.keys()]).toEqual([1, 2])
  ends.get(2)?.()
  await expect.poll(() => [...ends.keys()]).toEqual([1, 2, 3])
  expect(told).toEqual([])
  ends.get(1)?.()
  await expect.poll(() => told).toEqual([10, 20])
  ends.get(3)?.()
  expect(await running).toEqual([10, 20, 30])
  expect(told).toEqual([10, 20, 30])
})

test('no further trial begins once it is called off', async () => {
  const off = new AbortController()
  const begun: number[] = []
  const work = async (n: number) => {
    begun.push(n)
    off.abort()
    return n
  }
  expect(await inOrder([1, 2, 3], 1, work, () => undefined, off.signal)).toEqual([1])
  expect(begun).toEqual([1])
})
