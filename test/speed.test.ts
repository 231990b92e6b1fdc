import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

/** What else the machine does, and how V8 happens to compile, slows a stage in one process or another; a change slows it in each. */
const tries = 6

test('what every event goes through takes no more processor time than it did, beside a reference', () => {
  const said: string[] = []
  for (let time = 0; time < tries; time += 1) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, '../bench/guard.ts')], { encoding: 'utf8' })
    if (status === 0) return expect(stdout).toContain('decode')
    said.push(stdout + stderr)
  }
  expect(said).toEqual([])
})
