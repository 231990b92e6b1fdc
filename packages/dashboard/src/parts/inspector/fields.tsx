import { Link, useParams } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { parseSearch, type Search, useSearch } from '../../search.ts'
import { visible } from '../../text.ts'

export function Field({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div className="flex justify-between gap-4 border-b border-line/60 py-1.5 last:border-0">
      <dt className="shrink-0 text-faint">{name}</dt>
      <dd className="min-w-0 break-words text-right">{children}</dd>
    </div>
  )
}

/** Of a long note or error; its event has all of it. */
const mostChars = 2_000

/** Text that may be long, below its name. */
export function Passage({ name, text, ink = '' }: { readonly name: string; readonly text: string; readonly ink?: string }) {
  return (
    <div className="border-b border-line/60 py-1.5 last:border-0">
      <dt className="text-faint">{name}</dt>
      <dd className={`whitespace-pre-wrap break-words ${ink}`}>{visible(text.slice(0, mostChars))}</dd>
    </div>
  )
}

/** What went wrong stands before everything else. */
export const Trouble = ({ text }: { readonly text: string }) => (
  <p role="note" className="mb-3 whitespace-pre-wrap break-words rounded border border-bad/40 bg-bad/10 p-2 text-bad">
    <span aria-hidden="true">✕ </span>
    {visible(text.slice(0, mostChars))}
  </p>
)

export const Heading = ({ children }: { readonly children: ReactNode }) => (
  <h4 className="mb-1 mt-5 text-xs font-medium uppercase tracking-wide text-faint">{children}</h4>
)

const keepSelected = ((held: Record<string, unknown>) => {
  const { sel } = parseSearch(held)
  return sel === undefined ? {} : { sel }
}) as never

/** Within the page: the feeds stay open, and so does the inspector. On the run's own page its window stays too. */
export function RunLink({ run }: { readonly run: string }) {
  const here = useParams({ strict: false }).run === run
  return (
    <Link to="/runs/$run" params={{ run }} search={here ? true : keepSelected} className="text-accent hover:underline">
      {visible(run)}
    </Link>
  )
}

/** The tail, asked for these events. */
export function EventsLink({ of }: { readonly of: Partial<Search> }) {
  return (
    <Link to="/tail" search={of as never} className="text-accent hover:underline">
      in the tail
    </Link>
  )
}

/** Selects another thing in the same inspector. */
export function Select({ sel, children }: { readonly sel: string; readonly children: ReactNode }) {
  const [, setSearch] = useSearch()
  return (
    <button type="button" className="break-words text-right text-accent hover:underline" onClick={() => setSearch({ sel })}>
      {children}
    </button>
  )
}

export const AgentLink = ({ id }: { readonly id: string | undefined }) =>
  id === undefined ? '–' : <Select sel={`agent:${id}`}>{visible(id)}</Select>
