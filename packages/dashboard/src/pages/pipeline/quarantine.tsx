/** What was not applied, with what it was. Its text is whatever somebody sent: shown, never obeyed. */
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { fetchJson } from '../../live/live.ts'
import { Copy } from '../../parts/copy.tsx'
import { Json } from '../../parts/json.tsx'
import { compact, dateTime, visible, whole } from '../../text.ts'
import type { Quarantined } from './health.ts'

interface Page {
  readonly items: readonly Quarantined[]
  readonly next: string | null
  readonly notKept: number
}
/** A body may have 64 KiB: few at once. */
const pageItems = 25

/** `changed`: read again when it is another. */
export function Quarantine({ changed }: { readonly changed: number }) {
  const [code, setCode] = useState('')
  const [open, setOpen] = useState<string>()
  const { data, error, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ['quarantine', changed],
    queryFn: ({ pageParam }) =>
      fetchJson<Page>(`/v1/quarantine?limit=${pageItems}${pageParam === '' ? '' : `&cursor=${encodeURIComponent(pageParam)}`}`),
    initialPageParam: '',
    getNextPageParam: ({ next }) => next ?? undefined,
    placeholderData: (before) => before,
  })
  const items = data?.pages.flatMap((page) => page.items) ?? []
  const notKept = data?.pages[0]?.notKept ?? 0
  const codes = [...new Set(items.map((item) => item.code))].sort()
  const shown = items.filter((item) => code === '' || item.code === code)
  return (
    <section aria-label="Quarantine" className="min-w-0">
      <div className="mb-2 flex items-center gap-3">
        <h2 className="text-sm font-semibold">Quarantine</h2>
        {codes.length > 0 && (
          <label className="flex items-center gap-1.5 text-xs text-faint">
            code
            <select
              value={code}
              onChange={({ target }) => setCode(target.value)}
              className="rounded-md border border-line bg-panel px-1.5 py-0.5 text-soft"
            >
              <option value="">all</option>
              {codes.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </select>
          </label>
        )}
        {notKept > 0 && <span className="text-xs text-wait">{whole(notKept)} more were refused and not kept</span>}
      </div>
      {error !== null && <p className="text-bad">The quarantine could not be read: {visible(error.message)}</p>}
      {data !== undefined && items.length === 0 && (
        <p className="text-soft">
          Nothing was refused that is kept. Events that are wrong stand here, with their bodies and what is wrong.
        </p>
      )}
      <ul className="divide-y divide-line/60">
        {shown.map((item) => (
          <li key={item.id}>
            <button
              type="button"
              aria-expanded={open === item.id}
              onClick={() => setOpen(open === item.id ? undefined : item.id)}
              className="flex w-full items-baseline gap-3 py-1.5 text-left hover:bg-raised"
            >
              <span className="w-4 shrink-0 text-center text-faint">{open === item.id ? '▾' : '▸'}</span>
              <span className="shrink-0 text-xs tabular-nums text-faint">{dateTime(Date.parse(item.at)).slice(5, 19)}</span>
              <span className="shrink-0 text-xs font-medium text-bad">{visible(item.code)}</span>
              <span className="shrink-0 text-xs text-faint">
                {visible(item.door)}
                {item.source === undefined ? '' : ` · ${visible(item.source.slice(0, 60))}`}
              </span>
              <span className="min-w-0 truncate">{visible(item.message.slice(0, 400))}</span>
            </button>
            {open === item.id && <Opened item={item} />}
          </li>
        ))}
      </ul>
      {hasNextPage && (
        <button
          type="button"
          disabled={isFetchingNextPage}
          onClick={() => void fetchNextPage()}
          className="mt-2 text-accent hover:underline"
        >
          {isFetchingNextPage ? 'Reading …' : 'Show older ones'}
        </button>
      )}
    </section>
  )
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function Opened({ item }: { readonly item: Quarantined }) {
  return (
    <div className="mb-2 ml-7 rounded-md border border-line bg-panel p-3">
      <p className="mb-2 break-words">{visible(item.message)}</p>
      <div className="mb-1 flex items-center gap-2 text-xs text-faint">
        as received, {compact(item.body.length)} characters
        <Copy name="copy body" text={() => item.body} />
        {item.eventId !== undefined && <span className="ml-auto font-mono">{visible(item.eventId)}</span>}
      </div>
      <Json value={parsed(item.body)} />
      {item.otherBody !== undefined && (
        <>
          <p className="mb-1 mt-3 text-xs text-faint">in the log under that id</p>
          <Json value={parsed(item.otherBody)} />
        </>
      )}
    </div>
  )
}
