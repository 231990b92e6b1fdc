/** `npm run bench`: sets up what is missing, then measures (bench/main.ts); `npm run bench:dashboard` the dashboard under load (bench/dashboard.ts). */
import { join } from 'node:path'
import { buildDashboard, installPackages, root, run } from './setup.mjs'

installPackages()
const isDashboard = process.argv[2] === 'dashboard'
if (isDashboard) buildDashboard()
process.exit(run(join(root, 'bench', isDashboard ? 'dashboard.ts' : 'main.ts'), process.argv.slice(isDashboard ? 3 : 2)))
