import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

test('what every event goes through takes no more processor time than it did, beside a reference', async () => {
  // In a process of its own: what the test runner does to modules is not measured.
  const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, '../bench/guard.ts')])
  expect(stdout).toContain('decode')
})
