/** `npm run faults`: sets up what is missing, then lets faults strike (faults/main.ts). */
import { join } from 'node:path'
import { installPackages, root, run } from './setup.mjs'

installPackages()
process.exit(run(join(root, 'faults', 'main.ts'), process.argv.slice(2)))
