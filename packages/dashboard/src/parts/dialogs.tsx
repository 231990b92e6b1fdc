import { useNavigate } from '@tanstack/react-router'
import { Command } from 'cmdk'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { screens } from '../frame/where.ts'
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

const signs: Readonly<Record<string, string>> = { ArrowLeft: '←', ArrowRight: '→', ArrowUp: '↑', ArrowDown: '↓', Escape: 'Esc' }
const keyName = (keys: string) => signs[keys] ?? keys.replace('mod+', 'Ctrl/⌘ ')

/** Read from the registry of bindings, so that it cannot drift from what the keys do. */
export function ShortcutSheet({ close }: { readonly close: () => void }) {
  return (
    <Modal label="Keyboard shortcuts" close={close}>
      <h2 className="border-b border-line px-5 py-3 font-semibold">Keyboard shortcuts</h2>
      <dl className="max-h-[78vh] overflow-auto px-5 py-2 focus-visible:-outline-offset-2">
        {[...Map.groupBy(bindings(), ({ about }) => about)].map(([about, same]) => (
          <div key={about} className="flex justify-between gap-4 border-b border-line/60 py-1.5 last:border-0">
            <dt>{about}</dt>
            <dd className="flex gap-1.5">
              {same.map(({ keys }) => (
                <kbd key={keys} className="whitespace-nowrap rounded border border-line bg-raised px-1.5 font-mono text-xs">
                  {keyName(keys)}
                </kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Modal>
  )
}

/** Agents and runs offered at most, each; typing looks through all of them. */
const mostOffered = 20

interface Offer {
  readonly key: string
  readonly name: string
  readonly what: 'screen' | 'theme' | 'run' | 'agent'
  readonly pick: () => void
}

const holds = (words: readonly string[], ...texts: readonly string[]) => {
  const text = texts.join(' ').toLowerCase()
  return words.every((word) => text.includes(word))
}

/** The first rows that hold every word. */
function found<T extends { readonly id: string; readonly name?: { readonly value: string } | undefined }>(
  rows: readonly T[],
  words: readonly string[],
): T[] {
  const some: T[] = []
  for (const row of rows) {
    if (some.length === mostOffered) break
    if (holds(words, row.id, row.name?.value ?? '')) some.push(row)
  }
  return some
}

export function Palette({ close }: { readonly close: () => void }) {
  const navigate = useNavigate()
  const [typed, setTyped] = useState('')
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean)
  const titleOf = (row: { readonly id: string; readonly name?: { readonly value: string } | undefined }) =>
    visible(row.name?.value ?? row.id)
  const all: readonly Offer[] = [
    ...screens.map(({ name, to }) => ({ key: to, name, what: 'screen' as const, pick: () => void navigate({ to }) })),
    ...(['dark', 'light', 'system'] as const).map((theme) => ({
      key: theme,
      name: `Theme: ${theme}`,
      what: 'theme' as const,
      pick: () => setTheme(theme),
    })),
  ]
  const offers: readonly Offer[] = [
    ...all.filter(({ name, what }) => holds(words, name, what)),
    ...found(store.all('runs'), words).map((run) => ({
      key: `run ${run.id}`,
      name: titleOf(run),
      what: 'run' as const,
      pick: () => void navigate({ to: '/runs/$run', params: { run: run.id } }),
    })),
    ...found(store.all('agents'), words).map((agent) => ({
      key: `agent ${agent.id}`,
      name: titleOf(agent),
      what: 'agent' as const,
      pick: () => void navigate({ to: '/', search: { sel: `agent:${agent.id}` } }),
    })),
  ]
  return (
    <Modal label="Command palette" close={close}>
      <Command label="Command palette" shouldFilter={false}>
        <Command.Input
          autoFocus
          value={typed}
          onValueChange={setTyped}
          placeholder="Go to, agent, run …"
          className="w-full border-b border-line bg-transparent px-5 py-3 outline-none placeholder:text-faint"
        />
        <Command.List className="max-h-[50vh] overflow-auto p-2">
          <Command.Empty className="p-4 text-center text-faint">Nothing matches.</Command.Empty>
          {offers.map(({ key, name, what, pick }) => (
            <Command.Item
              key={key}
              value={key}
              onSelect={() => {
                close()
                pick()
              }}
              className="flex cursor-pointer items-center justify-between gap-4 rounded-md px-3 py-1.5 data-[selected=true]:bg-raised"
            >
              <span className="truncate">{name}</span> <span className="text-xs text-faint">{what}</span>
            </Command.Item>
          ))}
        </Command.List>
      </Command>
    </Modal>
  )
}
