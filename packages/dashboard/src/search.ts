/** What of the page lives in the URL, so that every view can be linked and survives navigation. */
import { useNavigate, useSearch as useRouterSearch } from '@tanstack/react-router'
import { useCallback } from 'react'

/** Text parameters; the empty text is the default. */
const texts = [
  /** Filter text. */
  'q',
  'group',
  /** What the rows are ordered by: a column, with a `-` before it for the greatest first; empty: the page's own order. */
  'sort',
  /** Selected thing, as the inspector reads it. */
  'sel',
  'status',
  'role',
  'type',
  'agent',
  'run',
  'task',
  'model',
  'tool',
  'host',
  'team',
  /** What figures are split by. */
  'by',
  /** A screen's own way to show the same. */
  'mode',
  /** Agents whose lanes stand first, by comma. */
  'pin',
  /** What is collapsed, by comma. */
  'fold',
  /** How deep a tree is open, 0 to 9. */
  'level',
  /** Highlighted terms, by comma. */
  'mark',
  /** How far back, as `5m`. */
  'since',
  /** How much time the bar of time shows, as `1h`. */
  'span',
] as const
const flags = [
  'errors',
  /** The view is frozen. */
  'paused',
  /** Time in which nothing happens is drawn short. */
  'gaps',
  /** The bar of time is open. */
  'travel',
] as const
const times = [
  /** The part of the time that is shown, epoch ms; absent: the page follows live. */
  'from',
  'to',
  /** The past moment that every screen shows, epoch ms by the server's clock; absent: live. */
  'at',
] as const

export type Search = { readonly [N in (typeof texts)[number]]: string } & { readonly [N in (typeof flags)[number]]: boolean } & {
  readonly [N in (typeof times)[number]]: number | undefined
} & { readonly view: 'grid' | 'table' }

const text = (value: unknown) => (typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '')

/** Only what differs from the default stands in the URL. */
export function parseSearch(raw: Record<string, unknown>): Partial<Search> {
  return {
    ...Object.fromEntries(texts.flatMap((name) => (text(raw[name]) === '' ? [] : [[name, text(raw[name])]]))),
    ...Object.fromEntries(times.flatMap((name) => (Number.isSafeInteger(raw[name]) ? [[name, raw[name]]] : []))),
    ...Object.fromEntries(flags.flatMap((name) => (raw[name] === true ? [[name, true]] : []))),
    ...(raw.view === 'table' ? { view: 'table' as const } : {}),
  }
}

const defaults: Search = {
  ...(Object.fromEntries(texts.map((name) => [name, ''])) as Record<(typeof texts)[number], string>),
  ...(Object.fromEntries(flags.map((name) => [name, false])) as Record<(typeof flags)[number], boolean>),
  from: undefined,
  to: undefined,
  at: undefined,
  view: 'grid',
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
  return [{ ...defaults, ...raw }, set]
}

/** What goes along to another screen: the moment, the time window, what is selected, and that only errors are shown. */
const carried = ['at', 'from', 'to', 'sel', 'errors', 'span', 'travel'] as const
/** What each screen was last asked, for when it is gone back to. */
const asked = new Map<string, Partial<Search>>()

export const remember = (screen: string, search: Partial<Search>): void => void asked.set(screen, search)

/** The search of a link to a screen: what was asked there before, with what goes along from here. */
export function searchTo(screen: string, here: Record<string, unknown>): Partial<Search> {
  const now = parseSearch(here)
  const own = Object.entries(asked.get(screen) ?? {}).filter(
    ([name]) => !(carried as readonly string[]).includes(name) && name !== 'paused',
  )
  return {
    ...Object.fromEntries(own),
    ...Object.fromEntries(carried.flatMap((name) => (now[name] === undefined ? [] : [[name, now[name]]]))),
  }
}
