import type { Ref } from 'react'
import { useSearch } from '../search.ts'

/** The text that a page is filtered by, which is in the address. Left by Escape and Enter. */
export function FilterBox({
  box,
  name,
  hint = 'Filter',
  look,
}: {
  readonly box: Ref<HTMLInputElement>
  readonly name: string
  readonly hint?: string
  readonly look: string
}) {
  const [search, setSearch] = useSearch()
  return (
    <input
      ref={box}
      type="search"
      aria-label={name}
      placeholder={`${hint}  /`}
      value={search.q}
      onChange={({ target }) => setSearch({ q: target.value })}
      onKeyDown={({ key, currentTarget }) => (key === 'Escape' || key === 'Enter') && currentTarget.blur()}
      className={`rounded-md border border-line px-2.5 placeholder:text-faint ${look}`}
    />
  )
}
