/** Builds the service worker beside the page, with the list of the files that make the page work without network. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Plugin, transformWithOxc } from 'vite'

/** Of `public`, beside what the build makes. */
const publicFiles = ['icon.svg', 'manifest.webmanifest']

export function shell(): Plugin {
  return {
    name: 'signalbox-shell',
    apply: 'build',
    enforce: 'post',
    async generateBundle(_options, bundle) {
      const home = import.meta.dirname
      const source = join(home, 'src/offline/service-worker.ts')
      const { code } = await transformWithOxc(readFileSync(source, 'utf8'), source)
      const page = bundle['index.html']
      if (page?.type !== 'asset') throw new Error('The build has no page.')
      const assets = Object.keys(bundle)
        .filter((name) => name.startsWith('assets/'))
        .sort()
      const hash = createHash('sha256').update(code).update(page.source)
      for (const name of assets) hash.update(name)
      for (const name of publicFiles) hash.update(readFileSync(join(home, 'public', name)))
      const told = { version: hash.digest('hex').slice(0, 16), files: ['/', ...[...publicFiles, ...assets].map((name) => `/${name}`)] }
      this.emitFile({ type: 'asset', fileName: 'sw.js', source: code.replace('__SHELL__', JSON.stringify(told)) })
    },
  }
}
