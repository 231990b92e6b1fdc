import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { mutated } from './mutant.ts'
import { mutants } from './mutants.ts'

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
