/** `npm run bench`: sets up what is missing, then measures (bench/main.ts); with `page` the dashboard under load (bench/page.ts). */
import { join } from 'node:path'
import { buildDashboard, installPackages, root, run } from './setup.mjs'

installPackages()
const isPage = process.argv[2] === 'page'
if (isPage) buildDashboard()
process.exit(run(join(root, 'bench', isPage ? 'page.ts' : 'main.ts'), process.argv.slice(isPage ? 3 : 2)))
