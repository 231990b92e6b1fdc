/** `npm test [-- files]`: sets up what is missing, then runs every test. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { buildDashboard, fail, installClients, installPackages, root, run } from './setup.mjs'

const chromium = process.env.SIGNALBOX_CHROMIUM ?? '/usr/bin/chromium'
if (!existsSync(chromium)) {
  fail('the browser tests need Chromium: install it (Debian: apt-get install chromium) or set SIGNALBOX_CHROMIUM to its path.')
}
installPackages()
installClients()
buildDashboard()
process.exit(run(join(root, 'node_modules', 'vitest', 'vitest.mjs'), ['run', ...process.argv.slice(2)]))
