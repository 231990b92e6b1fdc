/** `npm start` and `npm run signalbox -- …`: sets up what is missing, then becomes the command line on our Node. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildDashboard, installPackages, nodeBinary, root } from './setup.mjs'

installPackages()
if (process.argv[2] === 'up') buildDashboard()

const cli = join(root, 'packages', 'cli')
// What only its start can tell Node.js (docs/decisions/0026); the rest is in packages/cli/src/commands/engine.ts.
const { flags, environment } = JSON.parse(readFileSync(join(cli, 'node.json'), 'utf8'))
const child = spawn(nodeBinary(), [...flags, join(cli, 'src', 'main.ts'), ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...environment, ...process.env },
})
// The terminal signals the whole group; a supervisor signals only us. Either way the child decides when it is done.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 0)))
