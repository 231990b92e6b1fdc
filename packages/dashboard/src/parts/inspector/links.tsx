import { Link } from '@tanstack/react-router'
import { runScreens } from '../../frame/where.ts'
import { parseSearch } from '../../search.ts'

interface LinksProps {
  readonly run: string | undefined
  readonly sel: string
  /** The time it took, to show it with room around. */
  readonly from?: number | undefined
  readonly to?: number | undefined
}

/** The same thing in the run's other views, at its time. */
export function Links({ run, sel, from, to }: LinksProps) {
  if (run === undefined) return null
  const room = from === undefined || to === undefined ? 0 : Math.max(1_000, (to - from) * 0.25)
  const window = from === undefined || to === undefined ? {} : { from: Math.floor(from - room), to: Math.ceil(to + room) }
  const there = ((held: Record<string, unknown>) => {
    const { at } = parseSearch(held)
    return { sel, ...window, ...(at === undefined ? {} : { at }) }
  }) as never
  return (
    <nav aria-label="Show it in" className="mb-4 flex flex-wrap gap-1.5 text-xs">
      {runScreens.map((screen) => (
        <Link
          key={screen.to}
          to={screen.to}
          params={{ run }}
          search={there}
          className="rounded border border-line bg-panel px-2 py-0.5 text-soft hover:text-ink"
        >
          {screen.name}
        </Link>
      ))}
    </nav>
  )
}
