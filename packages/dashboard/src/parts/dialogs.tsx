import { useNavigate } from '@tanstack/react-router'
import { Command } from 'cmdk'
import { type ReactNode, useEffect, useRef } from 'react'
import { bindings } from '../keys.ts'
import { store } from '../live/live.ts'
import { visible } from '../text.ts'
import { setTheme } from '../theme.ts'

function Modal({ label, close, children }: { readonly label: string; readonly close: () => void; readonly children: ReactNode }) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  return (
    <dialog
      ref={dialog}
      aria-label={label}
      onClose={close}
      className="w-[min(560px,92vw)] overflow-hidden rounded-xl border border-line bg-panel p-0 shadow-2xl"
    >
      {children}
    </dialog>
  )
}

/** Read from the registry of bindings, so that it cannot drift from what the keys do. */
export function ShortcutSheet({ close }: { readonly close: () => void }) {
  return (
    <Modal label="Keyboard shortcuts" close={close}>
      <h2 className="border-b border-line px-5 py-3 font-semibold">Keyboard shortcuts</h2>
      <dl className="max-h-[60vh] overflow-auto px-5 py-2">
        {bindings().map(({ keys, about }) => (
          <div key={keys} className="flex justify-between border-b border-line/60 py-1.5 last:border-0">
            <dt>{about}</dt>
            <dd>
              <kbd className="rounded border border-line bg-raised px-1.5 font-mono text-xs">{keys.replace('mod', 'Ctrl/⌘')}</kbd>
            </dd>
          </div>
        ))}
      </dl>
    </Modal>
  )
}

/** Most agents or runs offered; typing narrows all of them. */
const mostOffered = 500

export function Palette({ close }: { readonly close: () => void }) {
  const navigate = useNavigate()
  const go = (to: string) => {
    close()
    void navigate({ to })
  }
  const item = 'flex cursor-pointer items-center justify-between rounded-md px-3 py-1.5 data-[selected=true]:bg-raised'
  const places = [
    ['Fleet', '/'],
    ['Runs', '/runs'],
    ['Live tail', '/tail'],
    ['Settings', '/settings'],
  ] as const
  return (
    <Modal label="Command palette" close={close}>
      <Command label="Command palette">
        <Command.Input
          autoFocus
          placeholder="Go to, agent, run …"
          className="w-full border-b border-line bg-transparent px-5 py-3 outline-none placeholder:text-faint"
        />
        <Command.List className="max-h-[50vh] overflow-auto p-2">
          <Command.Empty className="p-4 text-center text-faint">Nothing matches.</Command.Empty>
          {places.map(([name, to]) => (
            <Command.Item key={to} onSelect={() => go(to)} className={item}>
              {name} <span className="text-xs text-faint">screen</span>
            </Command.Item>
          ))}
          {(['dark', 'light', 'system'] as const).map((theme) => (
            <Command.Item
              key={theme}
              onSelect={() => {
                setTheme(theme)
                close()
              }}
              className={item}
            >
              Theme: {theme} <span className="text-xs text-faint">action</span>
            </Command.Item>
          ))}
          {store
            .all('runs')
            .slice(0, mostOffered)
            .map((run) => (
              <Command.Item
                key={`run ${run.id}`}
                value={`run ${run.id}`}
                keywords={[run.name?.value ?? '']}
                onSelect={() => go(`/runs/${encodeURIComponent(run.id)}`)}
                className={item}
              >
                <span className="truncate">{visible(run.name?.value ?? run.id)}</span> <span className="text-xs text-faint">run</span>
              </Command.Item>
            ))}
          {store
            .all('agents')
            .slice(0, mostOffered)
            .map((agent) => (
              <Command.Item
                key={`agent ${agent.id}`}
                value={`agent ${agent.id}`}
                keywords={[agent.name?.value ?? '']}
                onSelect={() => go(`/?sel=${encodeURIComponent(`agent:${agent.id}`)}`)}
                className={item}
              >
                <span className="truncate">{visible(agent.name?.value ?? agent.id)}</span> <span className="text-xs text-faint">agent</span>
              </Command.Item>
            ))}
        </Command.List>
      </Command>
    </Modal>
  )
}
