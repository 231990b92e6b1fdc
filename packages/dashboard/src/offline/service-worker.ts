/**
 * The page without network: its files of one build, kept in a cache of their own. Answers of the API are never kept here.
 * A new build waits until the user asks for it, or no page is open any more. Written out as it is by `shell.ts`: it imports nothing.
 */
interface Extendable extends Event {
  waitUntil(done: Promise<unknown>): void
}
interface Installing extends Extendable {
  /** Not in every browser. */
  addRoutes?(route: { readonly condition: { readonly urlPattern: string }; readonly source: 'network' }): Promise<void>
}
interface Fetching extends Event {
  readonly request: Request
  respondWith(answer: Promise<Response>): void
}
interface Scope {
  addEventListener(name: 'install', listener: (event: Installing) => void): void
  addEventListener(name: 'activate', listener: (event: Extendable) => void): void
  addEventListener(name: 'fetch', listener: (event: Fetching) => void): void
  addEventListener(name: 'message', listener: (event: MessageEvent) => void): void
  skipWaiting(): Promise<void>
  readonly clients: { claim(): Promise<void> }
}
/** Of the build, put here by it. */
declare const __SHELL__: { readonly version: string; readonly files: readonly string[] }

const scope = self as unknown as Scope
const { version, files } = __SHELL__
const prefix = 'signalbox-'
const ownName = prefix + version
const known = new Set(files)
/** As the server tells the page's addresses from files and the API. */
const isPage = (path: string) =>
  !/^\/(v\d+|api|docs|metrics|livez|readyz)(\/|$)/i.test(path) && (!/\.\w+$/.test(path) || path.startsWith('/runs/'))

async function install() {
  const cache = await caches.open(ownName)
  await Promise.all(
    files.map(async (file) => {
      // The name of an asset tells its content: the build before may have had it.
      const held = file.startsWith('/assets/') ? await caches.match(file) : undefined
      if (held !== undefined) await cache.put(file, held)
      else await cache.add(new Request(file, { cache: 'no-cache' }))
    }),
  )
}

async function activate() {
  const others = (await caches.keys()).filter((name) => name.startsWith(prefix) && name !== ownName)
  // A page of the build before may be open, and has not loaded all its screens.
  await Promise.all(others.slice(0, -1).map((name) => caches.delete(name)))
  await scope.clients.claim()
}

async function keptOr(path: string, request: Request): Promise<Response> {
  const own = await caches.open(ownName)
  return (await own.match(path)) ?? (await caches.match(path)) ?? fetch(request)
}

scope.addEventListener('install', (event) => {
  event.waitUntil(install())
  // Neither waits for this worker nor fails with it: it lives in the process of one tab, and dies when that crashes.
  event.waitUntil(event.addRoutes?.({ condition: { urlPattern: '/v1/*' }, source: 'network' }) ?? Promise.resolve())
})
scope.addEventListener('activate', (event) => event.waitUntil(activate()))
scope.addEventListener('message', ({ data }) => void (data === 'activate' && scope.skipWaiting()))
scope.addEventListener('fetch', (event) => {
  const { request } = event
  const { origin, pathname } = new URL(request.url)
  if (request.method !== 'GET' || origin !== location.origin) return
  if (request.mode === 'navigate') {
    if (isPage(pathname)) event.respondWith(keptOr('/', request))
  } else if (known.has(pathname) || pathname.startsWith('/assets/')) event.respondWith(keptOr(pathname, request))
})
