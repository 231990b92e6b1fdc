import { createRootRoute, createRoute, createRouter, Link, Outlet, RouterProvider, useNavigate } from '@tanstack/react-router'
import { StrictMode, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { listenToKeys, useBindings } from './keys.ts'
import { useConnection } from './live/connection.ts'
import { startLive } from './live/live.ts'
import { Fleet } from './pages/fleet/fleet.tsx'
import { Run } from './pages/run/run.tsx'
import { Runs } from './pages/runs.tsx'
import { Settings } from './pages/settings.tsx'
import { Tail } from './pages/tail/tail.tsx'
import { ConnectionBadge } from './parts/connection.tsx'
import { Palette, ShortcutSheet } from './parts/dialogs.tsx'
import { Inspector } from './parts/inspector/inspector.tsx'
import { KeyEntry } from './parts/key-entry.tsx'
import { parseSearch, useSearch } from './search.ts'
import './styles.css'
import { startTheme } from './theme.ts'

function Page() {
  const navigate = useNavigate()
  const [search, setSearch] = useSearch()
  const [open, setOpen] = useState<'palette' | 'sheet' | undefined>()
  const close = () => setOpen(undefined)
  const locked = useConnection(({ refused }) => refused === 'UNAUTHENTICATED' || refused === 'FORBIDDEN')
  useBindings([
    { keys: 'g f', about: 'Go to the fleet', run: () => void navigate({ to: '/' }) },
    { keys: 'g r', about: 'Go to the runs', run: () => void navigate({ to: '/runs' }) },
    { keys: 'g t', about: 'Go to the live tail', run: () => void navigate({ to: '/tail' }) },
    { keys: 'g s', about: 'Go to the settings', run: () => void navigate({ to: '/settings' }) },
    { keys: 'mod+k', about: 'Command palette', run: () => setOpen('palette') },
    { keys: '?', about: 'This sheet', run: () => setOpen('sheet') },
    { keys: 'Escape', about: 'Close the inspector', run: () => setSearch({ sel: '' }) },
  ])
  const place = 'rounded-md px-2.5 py-1 text-soft hover:text-ink [&.active]:bg-raised [&.active]:text-ink'
  return (
    <div className="flex h-full flex-col">
      <header className="flex flex-wrap items-center gap-x-4 gap-y-1.5 border-b border-line bg-panel px-4 py-2 max-md:px-3">
        <h1 className="flex items-center gap-2 text-sm font-semibold">
          <img src="/icon.svg" alt="" className="size-5" />
          <span className="max-md:sr-only">Signalbox</span>
        </h1>
        <nav aria-label="Screens" className="flex gap-1 max-md:-mx-1 max-md:gap-0">
          <Link to="/" activeOptions={{ exact: true, includeSearch: false }} className={place}>
            Fleet
          </Link>
          <Link to="/runs" className={place}>
            Runs
          </Link>
          <Link to="/tail" activeOptions={{ includeSearch: false }} className={place}>
            Tail
          </Link>
          <Link to="/settings" className={place}>
            Settings
          </Link>
        </nav>
        <div className="ml-auto flex items-center gap-3">
          <ConnectionBadge />
          <button
            type="button"
            onClick={() => setOpen('palette')}
            className="whitespace-nowrap rounded-md border border-line px-2 py-1 text-xs text-faint hover:text-ink"
          >
            <span className="sr-only">Command palette </span>
            <span className="max-md:hidden">Ctrl/⌘ K</span>
            <span aria-hidden="true" className="md:hidden">
              ⌕
            </span>
          </button>
          <button
            type="button"
            onClick={() => setOpen('sheet')}
            aria-label="Keyboard shortcuts"
            className="rounded-md border border-line px-2 py-1 text-xs text-faint hover:text-ink"
          >
            ?
          </button>
        </div>
      </header>
      {/* On a narrow screen the inspector covers what it is about. */}
      <main className="relative flex min-h-0 flex-1 max-md:[&>aside]:absolute max-md:[&>aside]:inset-0 max-md:[&>aside]:z-30 max-md:[&>aside]:w-full">
        {locked ? <KeyEntry /> : <Outlet />}
        {!locked && search.sel !== '' && <Inspector selected={search.sel} close={() => setSearch({ sel: '' })} />}
      </main>
      {open === 'palette' && <Palette close={close} />}
      {open === 'sheet' && <ShortcutSheet close={close} />}
    </div>
  )
}

function NotFound() {
  return (
    <p className="p-8 text-soft">
      There is no such page. <Link to="/">To the fleet</Link>
    </p>
  )
}

const rootRoute = createRootRoute({ component: Page, validateSearch: parseSearch, notFoundComponent: NotFound })
const routes = [
  createRoute({ getParentRoute: () => rootRoute, path: '/', component: Fleet }),
  createRoute({ getParentRoute: () => rootRoute, path: '/runs', component: Runs }),
  createRoute({ getParentRoute: () => rootRoute, path: '/runs/$run', component: Run }),
  createRoute({ getParentRoute: () => rootRoute, path: '/tail', component: Tail }),
  createRoute({ getParentRoute: () => rootRoute, path: '/settings', component: Settings }),
] as const
const router = createRouter({ routeTree: rootRoute.addChildren(routes) })

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}

startTheme()
listenToKeys()
startLive()
const root = document.getElementById('root')
if (root === null) throw new Error('The page has no root element.')
createRoot(root).render(
  <StrictMode>
    <RouterProvider router={router} />
  </StrictMode>,
)
