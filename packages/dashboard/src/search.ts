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
  /** Which events the tail asks for; a type ending in `.*` is a prefix. */
  readonly type: string
  readonly agent: string
  readonly run: string
  readonly task: string
  /** The part of a run's time that is shown, epoch ms; absent: the page follows live. */
  readonly from: number | undefined
  readonly to: number | undefined
}

const text = (value: unknown) => (typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '')
const texts = ['q', 'group', 'sort', 'sel', 'type', 'agent', 'run', 'task'] as const
const times = ['from', 'to'] as const

/** Only what differs from the default stands in the URL. */
export function parseSearch(raw: Record<string, unknown>): Partial<Search> {
  return {
    ...Object.fromEntries(texts.flatMap((name) => (text(raw[name]) === '' ? [] : [[name, text(raw[name])]]))),
    ...Object.fromEntries(times.flatMap((name) => (Number.isSafeInteger(raw[name]) ? [[name, raw[name]]] : []))),
    ...(raw.view === 'table' ? { view: 'table' as const } : {}),
    ...(raw.errors === true ? { errors: true } : {}),
    ...(text(raw.status) === '' ? {} : { status: text(raw.status) }),
    ...(text(raw.role) === '' ? {} : { role: text(raw.role) }),
    ...(raw.paused === true ? { paused: true } : {}),
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
      type: raw.type ?? '',
      agent: raw.agent ?? '',
      run: raw.run ?? '',
      task: raw.task ?? '',
      from: raw.from,
      to: raw.to,
    },
    set,
  ]
}
