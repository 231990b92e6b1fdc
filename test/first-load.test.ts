/** What a browser fetches before the page can be used, of the dashboard as it is built. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'

const dist = join(import.meta.dirname, '../packages/dashboard/dist')
const page = readFileSync(join(dist, 'index.html'), 'utf8')
const linked = (kind: RegExp) =>
  [...page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].flatMap(([, path = '']) => (kind.test(path) ? [path] : []))
const gzipBytes = (path: string) => gzipSync(readFileSync(join(dist, path)), { level: 9 }).length
const sum = (sizes: readonly number[]) => sizes.reduce((all, one) => all + one, 0)

test('the first load is at most 250 kB of script and 30 kB of style, compressed', () => {
  const scripts = linked(/\.js$/)
  expect(scripts.length).toBeGreaterThan(0)
  expect(sum(scripts.map(gzipBytes))).toBeLessThan(250_000)
  expect(sum(linked(/\.css$/).map(gzipBytes))).toBeLessThan(30_000)
})

test('each file of the build is there compressed, and smaller', () => {
  for (const name of readdirSync(join(dist, 'assets')).filter((file) => /\.(js|css)$/.test(file))) {
    const bytes = (file: string) => statSync(join(dist, 'assets', file)).size
    if (bytes(name) < 1_024) continue
    expect(bytes(`${name}.br`), name).toBeLessThan(bytes(name))
    expect(bytes(`${name}.gz`), name).toBeLessThan(bytes(name))
  }
})

test('the service worker keeps the page and every file that it may load', () => {
  const worker = readFileSync(join(dist, 'sw.js'), 'utf8')
  for (const file of ['/', '/icon.svg', '/manifest.webmanifest']) expect(worker).toContain(`"${file}"`)
  for (const name of readdirSync(join(dist, 'assets')).filter((file) => /\.(js|css)$/.test(file)))
    expect(worker).toContain(`"/assets/${name}"`)
})
