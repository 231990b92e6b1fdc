import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const run = promisify(execFile)

/** Names and priorities of its threads, after it was tuned. */
const script = `
  import { readdirSync, readFileSync } from 'node:fs'
  import { getPriority } from 'node:os'
  import { tuneEngine } from ${JSON.stringify(new URL('./engine.ts', import.meta.url).href)}
  tuneEngine()
  const threads = readdirSync('/proc/self/task').map((id) => [readFileSync('/proc/self/task/' + id + '/comm', 'utf8').trim(), getPriority(Number(id))])
  console.log(JSON.stringify(threads))
`

test.runIf(process.platform === 'linux')(
  'V8 collects behind all else that the server does; only Linux has priorities of threads',
  async () => {
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script])
    const threads = JSON.parse(stdout) as [string, number][]
    const collecting = threads.filter(([name]) => name.includes('V8Worker'))
    expect(collecting.length).toBeGreaterThan(0)
    expect(new Set(collecting.map(([, priority]) => priority))).toEqual(new Set([19]))
    expect(threads.filter(([name]) => name.includes('Main')).map(([, priority]) => priority)).toEqual([0])
  },
)
