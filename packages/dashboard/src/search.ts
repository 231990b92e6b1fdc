/** What of the page lives in the URL, so that every view can be linked and survives navigation. */
import { useNavigate, useSearch as useRouterSearch } from '@tanstack/react-router'
import { useCallback } from 'react'

export interface Search {
  /** Filter text. */
  readonly q: string
  readonly group: string
  readonly view: 'grid' | 'table'
  readonly errors: boolean
  /** Only agents of this status, of this role. */
  readonly status: string
  readonly role: string
  /** The view is frozen. */
  readonly paused: boolean
  /** What the rows are ordered by: a column, with a `-` before it for the greatest first; empty: the page's own order. */
  readonly sort: string
  /** Selected thing, as the inspector reads it. */
  readonly sel: string
}

const text = (value: unknown) => (typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '')

/** Only what differs from the default stands in the URL. */
export function parseSearch(raw: Record<string, unknown>): Partial<Search> {
  return {
    ...(text(raw.q) === '' ? {} : { q: text(raw.q) }),
    ...(text(raw.group) === '' ? {} : { group: text(raw.group) }),
    ...(raw.view === 'table' ? { view: 'table' as const } : {}),
    ...(raw.errors === true ? { errors: true } : {}),
    ...(text(raw.status) === '' ? {} : { status: text(raw.status) }),
    ...(text(raw.role) === '' ? {} : { role: text(raw.role) }),
    ...(raw.paused === true ? { paused: true } : {}),
    ...(text(raw.sort) === '' ? {} : { sort: text(raw.sort) }),
    ...(text(raw.sel) === '' ? {} : { sel: text(raw.sel) }),
  }
}

export function useSearch(): readonly [Search, (change: Partial<Search>) => void] {
  const raw = useRouterSearch({ strict: false }) as Partial<Search>
  const navigate = useNavigate()
  const set = useCallback(
    (change: Partial<Search>) => {
      // TanStack Router types search by route; these parameters are every route's.
      void navigate({ to: '.', search: ((held: Record<string, unknown>) => parseSearch({ ...held, ...change })) as never, replace: true })
    },
    [navigate],
  )
  return [
    {
      q: raw.q ?? '',
      group: raw.group ?? '',
      view: raw.view ?? 'grid',
      errors: raw.errors ?? false,
      status: raw.status ?? '',
      role: raw.role ?? '',
      paused: raw.paused ?? false,
      sort: raw.sort ?? '',
      sel: raw.sel ?? '',
    },
    set,
  ]
}
