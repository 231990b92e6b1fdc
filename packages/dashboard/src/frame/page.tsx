/** What stands around every screen: where one can go, how live the page is, what is selected. */
import { Outlet, useNavigate, useParams, useRouter, useRouterState } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { useBindings } from '../keys.ts'
import { useConnection } from '../live/connection.ts'
import { UpdateNotice } from '../offline/update-notice.tsx'
import { Palette } from '../palette/palette.tsx'
import { ShortcutSheet } from '../palette/sheet.tsx'
import { ConnectionBadge } from '../parts/connection.tsx'
import { useCopyLink } from '../parts/copy-link.ts'
import { Inspector } from '../parts/inspector/inspector.tsx'
import { KeyEntry } from '../parts/key-entry.tsx'
import { remember, searchTo, useSearch } from '../search.ts'
import { TimeBar } from '../time/bar.tsx'
import { headerButton, TimeButton } from '../time/button.tsx'
import { Screens } from './screens.tsx'
import { screens } from './where.ts'

const group = 'Everywhere'

export function Page() {
  const navigate = useNavigate()
  const router = useRouter()
  const [search, setSearch] = useSearch()
  const [open, setOpen] = useState<'palette' | 'sheet' | undefined>()
  const close = () => setOpen(undefined)
  const [said, copyLink] = useCopyLink()
  const locked = useConnection(({ refused }) => refused === 'UNAUTHENTICATED' || refused === 'FORBIDDEN')
  const here = useRouterState({ select: ({ location }) => location })
  const screen = useRouterState({ select: ({ matches }) => matches.at(-1)?.fullPath ?? '/' })
  const { run = '' } = useParams({ strict: false })
  useEffect(
    () =>
      remember(
        screen.replace('$run', () => run),
        here.search,
      ),
    [screen, run, here],
  )
  useBindings([
    ...screens.map(({ key, about, to }) => ({
      keys: `g ${key}`,
      group: 'Go to',
      about: `Go to ${about}`,
      run: () => void navigate({ to, search: searchTo(to, here.search) as never }),
    })),
    { keys: 'mod+k', group, about: 'Command palette', run: () => setOpen('palette') },
    { keys: ':', group, about: 'Command palette', run: () => setOpen('palette') },
    { keys: '?', group, about: 'Keyboard shortcuts', run: () => setOpen('sheet') },
    { keys: 'Escape', group, about: 'Close the inspector', run: () => setSearch({ sel: '' }) },
    { keys: '-', group, about: 'View before this one', run: () => router.history.canGoBack() && router.history.back() },
    { keys: 'y', group, about: 'Copy the link to this view', run: copyLink },
  ])
  return (
    <div className="flex h-full flex-col">
      <header className="flex flex-wrap items-center gap-x-4 gap-y-1 border-b border-line bg-panel px-4 py-2 max-lg:gap-x-2 max-md:px-3 max-md:pb-1.5">
        <h1 className="flex items-center gap-2 text-sm font-semibold max-md:-order-1">
          <img src="/icon.svg" alt="" className="size-5" />
          <span className="max-lg:sr-only">Signalbox</span>
        </h1>
        <Screens />
        <div className="ml-auto flex items-center gap-2 max-md:-order-1">
          <ConnectionBadge />
          <TimeButton />
          <button type="button" onClick={() => setOpen('palette')} className={headerButton}>
            <span className="sr-only">Command palette </span>
            <span className="max-lg:hidden">Ctrl/⌘ K</span>
            <span aria-hidden="true" className="lg:hidden">
              ⌕
            </span>
          </button>
          <button type="button" onClick={() => setOpen('sheet')} aria-label="Keyboard shortcuts" className={headerButton}>
            ?
          </button>
        </div>
      </header>
      <TimeBar />
      {/* On a narrow screen the inspector covers what it is about. */}
      <main className="relative flex min-h-0 flex-1 max-md:[&>aside]:absolute max-md:[&>aside]:inset-0 max-md:[&>aside]:z-30 max-md:[&>aside]:w-full">
        {locked ? <KeyEntry /> : <Outlet />}
        {!locked && search.sel !== '' && <Inspector selected={search.sel} close={() => setSearch({ sel: '' })} />}
      </main>
      {said !== '' && (
        <output className="fixed bottom-4 left-4 z-40 rounded-md border border-line bg-raised px-3 py-1.5 text-xs shadow-lg">{said}</output>
      )}
      <UpdateNotice />
      {open === 'palette' && <Palette close={close} />}
      {open === 'sheet' && <ShortcutSheet close={close} />}
    </div>
  )
}
