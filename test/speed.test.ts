import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

/** What else the machine does, and how V8 happens to compile, slows a stage in one process or another; a change slows the same one in each. */
const tries = 6
const flags = ['--expose-gc', '--min-semi-space-size=128', '--max-semi-space-size=128']

test('what every event goes through takes no more processor time than it did, beside a reference', () => {
  const said: string[] = []
  let slow: ReadonlySet<string> | undefined
  while (said.length < tries && slow?.size !== 0) {
    const guard = join(import.meta.dirname, '../bench/guard.ts')
    const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, guard], { encoding: 'utf8' })
    expect(stdout, stderr).toContain('decode')
    const [, stages] = /^Slower than usual by .*: (.*)\.$/m.exec(stdout) ?? []
    const found = new Set(stages?.split(', '))
    expect(status, stderr).toBe(found.size === 0 ? 0 : 1)
    slow = slow?.intersection(found) ?? found
    said.push(stdout)
  }
  expect([...(slow ?? [])], said.join('')).toEqual([])
})
