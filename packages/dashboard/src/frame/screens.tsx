import { Link, useNavigate, useParams, useRouterState } from '@tanstack/react-router'
import { useBindings } from '../keys.ts'
import { searchTo } from '../search.ts'
import { runScreens, screens } from './where.ts'

const place = 'rounded-md px-2.5 py-1 text-soft hover:text-ink max-lg:px-2 max-md:py-1.5 [&.active]:bg-raised [&.active]:text-ink'

export function Screens() {
  const search = useRouterState({ select: ({ location }) => location.search })
  return (
    <nav aria-label="Screens" className="sideways flex gap-1 max-lg:gap-0 max-md:flex-1 max-md:justify-between">
      {screens.map(({ to, name }) => (
        <Link
          key={to}
          to={to}
          search={searchTo(to, search) as never}
          activeOptions={{ exact: to === '/', includeSearch: false }}
          className={place}
        >
          {name}
        </Link>
      ))}
    </nav>
  )
}

/** Between the ways to look at one run; stands in the header of each. */
export function RunScreens() {
  const run = useParams({ strict: false }).run ?? ''
  const navigate = useNavigate()
  const search = useRouterState({ select: ({ location }) => location.search })
  // Not by address: the router's own look at it takes a run whose name the address encodes for another.
  const shown = useRouterState({ select: ({ matches }) => matches.at(-1)?.fullPath })
  const there = (to: string) =>
    searchTo(
      to.replace('$run', () => run),
      search,
    ) as never
  useBindings(
    runScreens.map(({ to, key, about }) => ({
      keys: `g ${key}`,
      group: 'Go to',
      about: `Go to ${about}`,
      run: () => void navigate({ to, params: { run }, search: there(to) }),
    })),
  )
  return (
    <nav aria-label="Views of the run" className="flex shrink-0 gap-0.5 rounded-md border border-line p-0.5 text-xs">
      {runScreens.map(({ to, name }) => (
        <Link
          key={to}
          to={to}
          params={{ run }}
          search={there(to)}
          activeOptions={{ exact: true, includeSearch: false }}
          aria-current={shown === to ? 'page' : undefined}
          className="rounded px-2 py-0.5 text-soft hover:text-ink max-md:py-1 aria-[current]:bg-raised aria-[current]:text-ink"
        >
          {name}
        </Link>
      ))}
    </nav>
  )
}
