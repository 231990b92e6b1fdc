/** Opens and closes the bar of time; stands in the page's header. */
import { useSearch } from '../search.ts'

/** As its neighbours there; on a narrow screen large enough for a finger. */
export const headerButton =
  'grid min-h-7 min-w-7 place-items-center whitespace-nowrap rounded-md border border-line px-2 text-xs text-faint hover:text-ink max-md:min-h-8 max-md:min-w-8'

export function TimeButton() {
  const [{ travel }, setSearch] = useSearch()
  return (
    <button
      type="button"
      aria-expanded={travel}
      title="Time travel (T)"
      onClick={() => setSearch({ travel: !travel })}
      className={`${headerButton} ${travel ? 'border-accent bg-accent/15 text-accent' : ''}`}
    >
      <span>
        <span aria-hidden="true">◷</span>
        <span className="max-xl:sr-only"> Time travel</span>
      </span>
    </button>
  )
}
