/** What the tail is asked, as it stands in the address: `q` in the filter language, with the fields of older links. */
import type { Filter } from '@signalbox/model/live.ts'
import { useCallback, useMemo, useRef } from 'react'
import { useSearch } from '../../search.ts'
import { compile, type Test } from './language/evaluate.ts'
import { type Problem, parse } from './language/parse.ts'
import { all, everything, isEverything, print, type Query } from './language/query.ts'
import { ofFields, split } from './language/server-part.ts'

export interface Asked {
  /** As it stands in the box. */
  readonly text: string
  readonly query: Query
  readonly problem: Problem | undefined
  readonly server: Filter
  /** In words, for who wants to know who does what. */
  readonly byServer: string
  readonly byPage: string
  readonly test: Test
  readonly terms: number
  readonly set: (text: string) => void
  /** One more term that must match. */
  readonly add: (term: Query) => void
  readonly clear: () => void
}

export function useAsked(): Asked {
  const [{ q, type, agent, run, task }, setSearch] = useSearch()
  const fields = useMemo(() => ofFields({ type, agent, run, task }), [type, agent, run, task])
  const parsed = useMemo(() => parse(q), [q])
  // A filter that is not one yet changes nothing of what is shown.
  const last = useRef<Query>(everything)
  if (parsed.ok) last.current = parsed.query
  const own = last.current
  const query = useMemo(() => all(fields, own), [fields, own])
  const parts = useMemo(() => {
    const { server, page, asked } = split(query)
    return { server, byServer: print(asked), byPage: print(page), test: compile(page) }
  }, [query])
  const set = useCallback((text: string) => setSearch({ q: text.trim(), type: '', agent: '', run: '', task: '' }), [setSearch])
  const add = useCallback((term: Query) => set(print(all(query, term))), [set, query])
  const clear = useCallback(() => setSearch({ q: '', type: '', agent: '', run: '', task: '', errors: false }), [setSearch])
  return {
    text: [print(fields), q].filter((part) => part !== '').join(' '),
    query,
    problem: parsed.ok ? undefined : parsed.problem,
    ...parts,
    terms: query.kind === 'all' ? query.of.length : isEverything(query) ? 0 : 1,
    set,
    add,
    clear,
  }
}
