/** `npm start` and `npm run signalbox -- …`: sets up what is missing, then becomes the command line on our Node. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { buildDashboard, installPackages, nodeBinary, root } from './setup.mjs'

installPackages()
if (process.argv[2] === 'up') buildDashboard()

const main = join(root, 'packages', 'cli', 'src', 'main.ts')
const child = spawn(nodeBinary(), [main, ...process.argv.slice(2)], { stdio: 'inherit', env: process.env })
// The terminal signals the whole group; a supervisor signals only us. Either way the child decides when it is done.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 0)))
