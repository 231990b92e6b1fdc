/** `npm run check`: format and lint, types, unused code, boundaries, generated documents. All are run; any failure fails. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { installPackages, nodeBinary, root } from './setup.mjs'

installPackages()
const bin = join(root, 'node_modules', '.bin')
const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` }
const steps = [
  ['format and lint', ['biome', 'check', '--error-on-warnings', '.']],
  ['types', ['tsc']],
  ['unused code', ['knip']],
  ['boundaries', ['depcruise', '--config', '.dependency-cruiser.cjs', 'packages', 'test', 'bench', 'faults']],
  ['generated documents', [nodeBinary(), 'scripts/docs.mjs', '--check']],
]
let failed = 0
for (const [name, [command, ...args]] of steps) {
  const done = spawnSync(command, args, { cwd: root, env, encoding: 'utf8' })
  console.log(`${done.status === 0 ? 'ok  ' : 'FAIL'} ${name}`)
  if (done.status !== 0) {
    failed += 1
    console.log(`${done.stdout ?? ''}${done.stderr ?? ''}${done.error ?? ''}`)
  }
}
process.exit(failed === 0 ? 0 : 1)
