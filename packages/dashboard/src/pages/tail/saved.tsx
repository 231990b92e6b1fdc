/** Filters that were given a name: kept for all who look at this fleet. */
import { useRouterState } from '@tanstack/react-router'
import { useRef, useState } from 'react'
import { parseSearch, useSearch } from '../../search.ts'
import { visible } from '../../text.ts'
import { removeView, type SavedView, saveView, useKept } from '../../views.ts'

/** What of the address is the question; the rest is where one happens to be. */
const kept = ['q', 'type', 'agent', 'run', 'task', 'errors', 'mark', 'mode', 'since'] as const
const nothing = { q: '', type: '', agent: '', run: '', task: '', errors: false, mark: '', mode: '', since: '' } as const

export function Saved() {
  const [, setSearch] = useSearch()
  const here = useRouterState({ select: ({ location }) => location })
  const views = useKept((held) => held.views).filter(({ screen }) => screen === '/tail')
  const menu = useRef<HTMLDetailsElement>(null)
  const [name, setName] = useState('')
  const save = () => {
    if (name.trim() === '') return
    const found = parseSearch(here.search)
    const search = new URLSearchParams(
      kept.flatMap((field) => (found[field] === undefined || found[field] === '' ? [] : [[field, String(found[field])]])),
    )
    saveView({ name: name.trim().slice(0, 80), screen: '/tail', search: search.size === 0 ? '' : `?${search}` })
    setName('')
  }
  const apply = ({ search }: SavedView) => {
    const raw = new URLSearchParams(search)
    const found = parseSearch(Object.fromEntries([...raw].map(([field, value]) => [field, field === 'errors' ? value === 'true' : value])))
    setSearch({ ...nothing, ...Object.fromEntries(kept.flatMap((field) => (found[field] === undefined ? [] : [[field, found[field]]]))) })
    menu.current?.removeAttribute('open')
  }
  return (
    <details
      ref={menu}
      className="relative shrink-0"
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || menu.current?.open !== true) return
        event.stopPropagation()
        menu.current.removeAttribute('open')
        menu.current.querySelector('summary')?.focus()
      }}
    >
      <summary className="cursor-pointer select-none list-none whitespace-nowrap rounded-md border border-line bg-panel px-2.5 py-1 text-soft hover:text-ink">
        saved{views.length === 0 ? '' : ` · ${views.length}`} ▾
      </summary>
      <div className="absolute right-0 top-full z-20 mt-1 w-80 rounded-md border border-line bg-raised p-2 shadow-xl">
        {views.length === 0 && <p className="px-1 pb-2 text-xs text-faint">Nothing is saved yet. Give what you see a name:</p>}
        <ul aria-label="Saved filters" className="mb-2 max-h-72 overflow-auto empty:hidden">
          {views.map((view) => (
            <li key={view.id} className="flex items-center gap-1">
              <button
                type="button"
                onClick={() => apply(view)}
                title={visible(decodeURIComponent(view.search.replaceAll('+', ' ')))}
                className="min-w-0 flex-1 truncate rounded px-2 py-1 text-left hover:bg-accent/10"
              >
                {visible(view.name)}
              </button>
              <button
                type="button"
                aria-label={`Remove ${view.name}`}
                onClick={() => removeView(view.id)}
                className="rounded px-2 py-1 text-faint hover:text-bad"
              >
                ✕
              </button>
            </li>
          ))}
        </ul>
        <form
          className="flex gap-1"
          onSubmit={(event) => {
            event.preventDefault()
            save()
          }}
        >
          <input
            aria-label="Name of this filter"
            placeholder="Name"
            maxLength={80}
            value={name}
            onChange={({ target }) => setName(target.value)}
            className="min-w-0 flex-1 rounded-md border border-line bg-panel px-2 py-1 placeholder:text-faint"
          />
          <button type="submit" className="rounded-md border border-line bg-panel px-2.5 py-1 text-soft hover:text-ink">
            save
          </button>
        </form>
      </div>
    </details>
  )
}
