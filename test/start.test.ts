import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import node from '../packages/cli/node.json' with { type: 'json' }

const run = promisify(execFile)
const script = join(import.meta.dirname, '..', 'scripts', 'run.mjs')
/** Says on stderr how each Node.js that it is told of was started. */
const tell = 'data:text/javascript,console.error(JSON.stringify({flags:process.execArgv,arenas:process.env.MALLOC_ARENA_MAX}))'
const started = async (env: Readonly<Record<string, string>>) => {
  const { MALLOC_ARENA_MAX: _, ...own } = process.env
  const { stdout, stderr } = await run(process.execPath, [script, '--help'], { env: { ...own, ...env, NODE_OPTIONS: `--import ${tell}` } })
  expect(stdout).toContain('Usage: signalbox')
  return stderr.split('\n').filter((line) => line.startsWith('{"flags"'))
}

test('`npm start` starts Node.js with what only its start can tell it', async () => {
  expect(await started({})).toContain(JSON.stringify({ flags: node.flags, arenas: node.environment.MALLOC_ARENA_MAX }))
})

test('what the environment says of them stays', async () => {
  expect(await started({ MALLOC_ARENA_MAX: '4' })).toContain(JSON.stringify({ flags: node.flags, arenas: '4' }))
})
