import { useState } from 'react'
import { type Binding, bindings, setSingleKeys, useKeys } from '../keys.ts'
import { keyName, Modal } from '../parts/dialogs.tsx'

/** Heads in this order; what a screen binds without a head of its own stands under the first. */
const here = 'On this screen'
const last = ['Go to', 'Everywhere']

function grouped(list: readonly Binding[]): readonly (readonly [group: string, bindings: ReadonlyMap<string, readonly string[]>])[] {
  const groups = Map.groupBy(list, ({ group }) => group ?? here)
  const order = (group: string) => (group === here ? -2 : last.indexOf(group))
  return [...groups]
    .sort(([a], [b]) => order(a) - order(b))
    .map(([group, own]) => [
      group,
      new Map([...Map.groupBy(own, ({ about }) => about)].map(([about, same]) => [about, same.map(({ keys }) => keys)])),
    ])
}

/** Read from the registry of bindings, so that it cannot drift from what the keys do. */
export function ShortcutSheet({ close }: { readonly close: () => void }) {
  const [typed, setTyped] = useState('')
  const { single } = useKeys()
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean)
  const matches = ({ about, keys, group = here }: Binding) => {
    const text = `${about} ${keys} ${keyName(keys)} ${group}`.toLowerCase()
    return words.every((word) => text.includes(word))
  }
  const groups = grouped(bindings().filter(matches))
  return (
    <Modal label="Keyboard shortcuts" close={close} wide>
      <header className="flex items-center gap-4 border-b border-line px-5 py-3 max-md:flex-wrap max-md:gap-y-1">
        <h2 className="font-semibold">Keyboard shortcuts</h2>
        <input
          type="search"
          aria-label="Find a shortcut"
          placeholder="Find"
          value={typed}
          onChange={({ target }) => setTyped(target.value)}
          className="ml-auto w-48 rounded-md border border-line bg-page px-2.5 py-0.5 placeholder:text-faint"
        />
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what is longer than the sheet is scrolled by keys too */}
      <div tabIndex={0} className="max-h-[68vh] overflow-y-auto px-5 py-3 focus-visible:-outline-offset-2">
        <div className="gap-x-8 md:columns-2">
          {groups.length === 0 && <p className="py-4 text-center text-faint">No shortcut is called so.</p>}
          {groups.map(([group, abouts]) => (
            <section key={group} aria-label={group} className="mb-4 break-inside-avoid">
              <h3 className="mb-1 text-xs font-medium uppercase tracking-wide text-faint">{group}</h3>
              <dl>
                {[...abouts].map(([about, keys]) => (
                  <div key={about} className="flex justify-between gap-4 border-b border-line/60 py-1 last:border-0">
                    <dt>{about}</dt>
                    <dd className="flex flex-wrap justify-end gap-1">
                      {shortened(keys).map((name) => (
                        <kbd key={name} className="whitespace-nowrap rounded border border-line bg-raised px-1.5 font-mono text-xs">
                          {name}
                        </kbd>
                      ))}
                    </dd>
                  </div>
                ))}
              </dl>
            </section>
          ))}
        </div>
      </div>
      <footer className="border-t border-line px-5 py-2.5 text-xs text-soft">
        <label className="flex items-center gap-2">
          <input type="checkbox" checked={single} onChange={({ target }) => setSingleKeys(target.checked)} className="accent-(--accent)" />
          <span>
            Single keys work. Turned off, only those with Ctrl/⌘, Escape and the arrows do;{' '}
            <kbd className="font-mono">{keyName('mod+k')}</kbd> still finds every action.
          </span>
        </label>
      </footer>
    </Modal>
  )
}

/** Ten figures in a row are told as a range. */
function shortened(keys: readonly string[]): readonly string[] {
  const figures = keys.filter((key) => /^\d$/.test(key)).sort()
  if (figures.length < 4) return keys.map(keyName)
  return [`${figures[0]} – ${figures.at(-1)}`, ...keys.filter((key) => !/^\d$/.test(key)).map(keyName)]
}
