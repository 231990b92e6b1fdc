import { useNavigate, useParams, useRouterState } from '@tanstack/react-router'
import { Command } from 'cmdk'
import { useEffect, useMemo, useRef, useState } from 'react'
import { runScreens } from '../frame/where.ts'
import { bindings } from '../keys.ts'
import { keyName, Modal } from '../parts/dialogs.tsx'
import { searchTo } from '../search.ts'
import { visible, whole } from '../text.ts'
import { setTheme } from '../theme.ts'
import { saveView, useKept } from '../views.ts'
import { parseAsked } from './asked.ts'
import { createFinder, type Offer, type Offers } from './finder.ts'
import { kinds } from './rank.ts'
import { notePicked, recents } from './recent.ts'

const mostOffered = 50
/** What there is to find changes while one looks; collecting it takes a small share of the time. */
const renewMs = 1_000
const leastRest = 20
const nothing: Offers = { offers: [], total: 0 }

/** What a picked thing does; undefined where it is no longer there. */
function usePick(): (offer: Pick<Offer, 'kind' | 'key'>) => void {
  const navigate = useNavigate()
  const here = useParams({ strict: false }).run
  const { pathname, search } = useRouterState({ select: ({ location }) => location })
  return ({ kind, key }) => {
    const there = (to: string, more: object = {}) => ({ ...searchTo(to, search), ...more }) as never
    switch (kind) {
      case 'screen':
        return void navigate({ to: key, search: there(key) })
      case 'action': {
        const theme = (['dark', 'light', 'system'] as const).find((name) => key === `theme ${name}`)
        if (theme !== undefined) return setTheme(theme)
        return bindings()
          .find(({ keys }) => key === `keys ${keys}`)
          ?.run()
      }
      case 'view': {
        const view = useKept.getState().views.find(({ id }) => id === key)
        if (view !== undefined) void navigate({ href: `${view.screen}${view.search}` })
        return
      }
      case 'run': {
        // Another run in the view that one is in.
        const view = runScreens.find(({ to }) => here !== undefined && to.replace('$run', encodeURIComponent(here)) === pathname)
        return void navigate({ to: view?.to ?? '/runs/$run', params: { run: key } })
      }
      case 'agent':
        return void navigate({ to: '/', search: there('/', { sel: `agent:${key}` }) })
      case 'task': {
        const run = key.slice(0, key.indexOf('\u001f'))
        if (run === '') return void navigate({ to: '.', search: { sel: `task:${key}` } as never })
        return void navigate({ to: '/runs/$run/tree', params: { run }, search: { sel: `task:${key}` } as never })
      }
      case 'model':
      case 'tool':
        return void navigate({ to: '/explore', search: there('/explore', { [kind]: key }) })
    }
  }
}

/** Everything by name: where to go, what to do, whom and what there is. */
export function Palette({ close }: { readonly close: () => void }) {
  const [typed, setTyped] = useState('')
  const [found, setFound] = useState(nothing)
  /** Place of the selected offer: a new answer is read from its best one. */
  const [at, setAt] = useState('0')
  const finder = useMemo(createFinder, [])
  const lately = useMemo(recents, [])
  const { pathname, searchStr } = useRouterState({ select: ({ location }) => location })
  const pick = usePick()
  const asked = parseAsked(typed)
  const ask = useRef(() => {})
  ask.current = () => {
    const { only, text } = parseAsked(typed)
    finder.find({ typed: text, only, limit: mostOffered }, lately, (answer) => {
      setFound(answer)
      setAt('0')
    })
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked with each stroke
  useEffect(() => ask.current(), [typed])
  const isMoved = useRef(false)
  isMoved.current = at !== '0'
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const renew = () => {
      const before = performance.now()
      // Who walks the offers by keys keeps them as they are.
      if (finder.renew() && !isMoved.current) ask.current()
      timer = setTimeout(renew, Math.max(renewMs, (performance.now() - before) * leastRest))
    }
    renew()
    return () => clearTimeout(timer)
  }, [finder])
  const { offers, total } = asked.save ? nothing : found
  return (
    <Modal label="Command palette" close={close}>
      <Command label="Command palette" shouldFilter={false} loop value={at} onValueChange={setAt}>
        <Command.Input
          autoFocus
          value={typed}
          onValueChange={setTyped}
          placeholder="Go to, do, find an agent, run, task …"
          className="w-full border-b border-line bg-transparent px-5 py-3 outline-none placeholder:text-faint"
        />
        <Command.List className="max-h-[52vh] min-h-32 overflow-auto p-2">
          {asked.save && (
            <Command.Item
              value="0"
              disabled={asked.text === ''}
              onSelect={() => {
                close()
                saveView({ name: asked.text, screen: pathname, search: searchStr })
              }}
              className={item}
            >
              {asked.text === '' ? 'Type a name for this view' : `Save this view as “${visible(asked.text)}”`}
            </Command.Item>
          )}
          {!asked.save && offers.length === 0 && <p className="p-4 text-center text-faint">Nothing matches.</p>}
          {offers.map((offer, i) => (
            <Command.Item
              key={`${offer.kind} ${offer.key}`}
              value={String(i)}
              onSelect={() => {
                close()
                notePicked(offer)
                pick(offer)
              }}
              className={item}
            >
              <span className="min-w-0 truncate">
                <Marked text={offer.name} marks={offer.marks} />
              </span>
              <Beside offer={offer} />
            </Command.Item>
          ))}
        </Command.List>
      </Command>
      <p className="flex gap-3 border-t border-line px-5 py-2 text-xs text-faint">
        <span role="status" className="whitespace-nowrap tabular-nums">
          {total > offers.length
            ? `${whole(offers.length)} of ${whole(total)} that match: type more`
            : `${whole(total)} ${total === 1 ? 'matches' : 'match'}`}
        </span>
        <span className="ml-auto truncate" title="Begin with one of these to look among its kind only">
          {[...kinds, 'save'].map((kind) => `/${kind}`).join(' ')}
        </span>
      </p>
    </Modal>
  )
}

const item = 'flex cursor-pointer items-center justify-between gap-4 rounded-md px-3 py-1.5 data-[selected=true]:bg-raised'

function Beside({ offer: { kind, detail } }: { readonly offer: Offer }) {
  if (kind === 'action')
    return detail === 'colours' ? (
      <span className="text-xs text-faint">theme</span>
    ) : (
      <kbd className="whitespace-nowrap rounded border border-line bg-raised px-1.5 font-mono text-xs text-soft">{keyName(detail)}</kbd>
    )
  return (
    <span className="flex min-w-0 max-w-[50%] shrink-0 items-baseline gap-2 text-xs text-faint">
      <span className="truncate">{kind === 'screen' ? '' : visible(detail)}</span>
      <span className="whitespace-nowrap">{kind}</span>
    </span>
  )
}

/** Marks are places in the text as it came; what could hide is made visible piece by piece. */
function Marked({ text, marks }: { readonly text: string; readonly marks: Offer['marks'] }) {
  const pieces: { readonly text: string; readonly marked: boolean; readonly at: number }[] = []
  let at = 0
  for (const [from, to] of marks) {
    if (from > at) pieces.push({ text: text.slice(at, from), marked: false, at })
    pieces.push({ text: text.slice(from, to), marked: true, at: from })
    at = to
  }
  if (at < text.length) pieces.push({ text: text.slice(at), marked: false, at })
  return pieces.map((piece) =>
    piece.marked ? (
      <mark key={piece.at} className="bg-transparent font-semibold text-accent">
        {visible(piece.text)}
      </mark>
    ) : (
      <span key={piece.at}>{visible(piece.text)}</span>
    ),
  )
}
