import type { ReactNode, Ref } from 'react'
import { KeyButton, Toggle } from '../../parts/controls.tsx'
import { FilterBox } from '../../parts/filter-box.tsx'
import { useSearch } from '../../search.ts'
import { whole } from '../../text.ts'
import { WindowText } from '../lanes/controls.tsx'
import { type Mode, modes, parseMode } from './tree.ts'

const names: Record<Mode, string> = { task: 'by task', agent: 'by agent', time: 'by time' }
const abouts: Record<Mode, string> = {
  task: 'What was given by whom, and what was done for it',
  agent: 'Who did what',
  time: 'All tasks and calls in the order of their begin',
}

const small = 'min-w-7 rounded px-1.5 py-0.5 text-xs max-md:min-h-7'

interface ToolbarProps {
  readonly filter: Ref<HTMLInputElement>
  readonly shown: number
  readonly all: number
  readonly matches: number | undefined
  readonly level: (level: number) => void
  readonly zoom: { readonly closer: () => void; readonly wider: () => void; readonly fit: () => void }
  /** Undefined: there is nothing to follow. */
  readonly follow: { readonly following: boolean; readonly press: () => void } | undefined
  readonly told: (write: (text: string) => void) => void
  readonly children: ReactNode
}

export function Toolbar({ filter, shown, all, matches, level, zoom, follow, told, children }: ToolbarProps) {
  const [search, setSearch] = useSearch()
  const mode = parseMode(search.mode)
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-1.5 border-b border-line px-4 py-1.5 max-md:px-3">
      <fieldset aria-label="Arranged" className="flex gap-0.5 rounded-md border border-line p-0.5 text-xs">
        {modes.map((name) => (
          <button
            key={name}
            type="button"
            aria-pressed={name === mode}
            title={abouts[name]}
            onClick={() => setSearch({ mode: name === 'task' ? '' : name, fold: '' })}
            className={`whitespace-nowrap rounded px-2 py-0.5 max-md:py-1 ${name === mode ? 'bg-raised text-ink' : 'text-soft hover:text-ink'}`}
          >
            {names[name]}
          </button>
        ))}
      </fieldset>
      <FilterBox box={filter} name="Filter the tree" look="w-44 bg-page py-0.5 max-md:w-28 max-md:flex-1 max-md:py-1" />
      <Toggle on={search.errors} press={() => setSearch({ errors: !search.errors })}>
        errors only
      </Toggle>
      <fieldset aria-label="Open and close" className="flex gap-1">
        <KeyButton look={small} label="Open all rows" keys="e" press={() => level(9)}>
          ⊞
        </KeyButton>
        <KeyButton look={small} label="Close all rows" keys="w" press={() => level(1)}>
          ⊟
        </KeyButton>
      </fieldset>
      <span className="whitespace-nowrap text-xs tabular-nums text-faint" data-testid="shown-rows">
        {matches === undefined ? `${whole(shown)} of ${whole(all)} rows` : `${whole(matches)} of ${whole(all)} match`}
      </span>
      <span className="ml-auto" />
      <WindowText told={told} />
      {/* A narrow screen has no room for the waterfall that they move. */}
      <fieldset aria-label="Time window" className="flex items-center gap-1 max-md:hidden">
        <KeyButton look={small} label="Wider window" keys="o" press={zoom.wider}>
          −
        </KeyButton>
        <KeyButton look={small} label="Closer window" keys="i" press={zoom.closer}>
          +
        </KeyButton>
        <KeyButton look={small} label="Fit the whole run" keys="f" press={zoom.fit}>
          fit
        </KeyButton>
        {follow !== undefined && (
          <Toggle on={follow.following} press={follow.press}>
            {follow.following ? '● live' : 'follow live'}
          </Toggle>
        )}
      </fieldset>
      {children}
    </div>
  )
}
