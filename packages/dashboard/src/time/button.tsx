/** Opens and closes the bar of time; stands in the page's header. */
import { useSearch } from '../search.ts'

/** As its neighbours there; on a narrow screen large enough for a finger. */
const shape = 'grid min-h-7 min-w-7 place-items-center whitespace-nowrap rounded-md border px-2 text-xs max-md:min-h-8 max-md:min-w-8'
export const headerButton = `${shape} border-line text-faint hover:text-ink`

export function TimeButton() {
  const [{ travel }, setSearch] = useSearch()
  return (
    <button
      type="button"
      aria-expanded={travel}
      title="Time travel (T)"
      onClick={() => setSearch({ travel: !travel })}
      className={travel ? `${shape} border-accent bg-accent/15 text-accent` : headerButton}
    >
      <span>
        <span aria-hidden="true">◷</span>
        <span className="max-xl:sr-only"> Time travel</span>
      </span>
    </button>
  )
}
