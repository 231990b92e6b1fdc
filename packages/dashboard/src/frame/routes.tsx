/** Each screen is loaded when it is first gone to. */
import { createRootRoute, createRoute, createRouter, Link, lazyRouteComponent } from '@tanstack/react-router'
import { Fleet } from '../pages/fleet/fleet.tsx'
import { parseSearch } from '../search.ts'
import { Page } from './page.tsx'

function NotFound() {
  return (
    <div className="mx-auto mt-16 max-w-md px-6">
      <h2 className="text-xl font-semibold">There is no such page</h2>
      <p className="mt-2 text-soft">
        The address may be mistyped, or of another version. Go{' '}
        <Link to="/" className="text-accent underline">
          to the fleet
        </Link>
        , or find what you look for with Ctrl/⌘ K.
      </p>
    </div>
  )
}

const rootRoute = createRootRoute({ component: Page, validateSearch: parseSearch, notFoundComponent: NotFound })
const under = { getParentRoute: () => rootRoute } as const
const routes = [
  createRoute({ ...under, path: '/', component: Fleet }),
  createRoute({ ...under, path: '/runs', component: lazyRouteComponent(() => import('../pages/runs/runs.tsx'), 'Runs') }),
  createRoute({ ...under, path: '/runs/$run', component: lazyRouteComponent(() => import('../pages/lanes/run.tsx'), 'Run') }),
  createRoute({ ...under, path: '/runs/$run/tree', component: lazyRouteComponent(() => import('../pages/detail/detail.tsx'), 'Detail') }),
  createRoute({ ...under, path: '/runs/$run/graph', component: lazyRouteComponent(() => import('../pages/graph/graph.tsx'), 'Graph') }),
  createRoute({ ...under, path: '/tail', component: lazyRouteComponent(() => import('../pages/tail/tail.tsx'), 'Tail') }),
  createRoute({ ...under, path: '/explore', component: lazyRouteComponent(() => import('../pages/explore/explore.tsx'), 'Explore') }),
  createRoute({ ...under, path: '/pipeline', component: lazyRouteComponent(() => import('../pages/pipeline/pipeline.tsx'), 'Pipeline') }),
  createRoute({ ...under, path: '/settings', component: lazyRouteComponent(() => import('../pages/settings/settings.tsx'), 'Settings') }),
] as const
/** A run's id may hold any of these; links are active only where they are written alike. */
const pathParamsAllowedCharacters = [';', ':', '@', '&', '=', '+', '$', ','] as const
export const router = createRouter({ routeTree: rootRoute.addChildren(routes), defaultPreload: 'intent', pathParamsAllowedCharacters })

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
