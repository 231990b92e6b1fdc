import { useShown } from '../../live/live.ts'
import { useSearch } from '../../search.ts'
import { brushed, presets, spanOf, usual } from './span.ts'

/** The span of the page, and how it is changed. */
export function useSpan() {
  const [search, setSearch] = useSearch()
  const { at } = useShown()
  return {
    span: spanOf(search, at),
    at,
    isBrushed: search.from !== undefined && search.to !== undefined,
    preset: presets.find(({ name }) => name === search.since)?.name ?? usual.name,
    brush: (a: number, b: number) => setSearch(brushed(a, b)),
    reset: () => setSearch({ from: undefined, to: undefined }),
    choose: (name: string) => setSearch({ since: name === usual.name ? '' : name, from: undefined, to: undefined }),
  }
}
