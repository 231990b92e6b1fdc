/** `npm run bench`: sets up what is missing, then measures (bench/main.ts). */
import { join } from 'node:path'
import { installPackages, root, run } from './setup.mjs'

installPackages()
process.exit(run(join(root, 'bench', 'main.ts'), process.argv.slice(2)))
