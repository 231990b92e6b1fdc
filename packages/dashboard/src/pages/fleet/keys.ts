/** What keys do on the fleet. */
import { useNavigate } from '@tanstack/react-router'
import type { RefObject } from 'react'
import { useBindings } from '../../keys.ts'
import { useRow } from '../../live/live.ts'
import type { Search } from '../../search.ts'
import { acknowledge, unacknowledge } from '../../views.ts'
import { densities } from './density.ts'
import type { Step } from './order.ts'
import { subjectOf, type Trouble } from './trouble.ts'

interface FleetKeys {
  readonly search: Search
  readonly setSearch: (change: Partial<Search>) => void
  /** Id of the selected agent, or ''. */
  readonly selected: string
  readonly troubles: readonly Trouble[]
  readonly step: (to: Step) => void
  readonly foldAll: (isFolded: boolean) => void
  readonly filterBox: RefObject<HTMLInputElement | null>
}

export function useFleetKeys({ search, setSearch, selected, troubles, step, foldAll, filterBox }: FleetKeys): void {
  const navigate = useNavigate()
  const run = useRow('agents', selected === '' ? undefined : selected)?.run?.value
  const trouble = troubles.find(({ id }) => id === selected)
  const nextTrouble = () => {
    const next = troubles[troubles.findIndex(({ id }) => id === selected) + 1] ?? troubles[0]
    if (next !== undefined) setSearch({ sel: subjectOf(next.id) })
  }
  useBindings([
    { keys: 'j', about: 'Next agent', run: () => step('next') },
    { keys: 'ArrowRight', about: 'Next agent', run: () => step('next') },
    { keys: 'k', about: 'Previous agent', run: () => step('previous') },
    { keys: 'ArrowLeft', about: 'Previous agent', run: () => step('previous') },
    { keys: 'ArrowDown', about: 'Agent below', run: () => step('down') },
    { keys: 'ArrowUp', about: 'Agent above', run: () => step('up') },
    { keys: 'Home', about: 'First agent', run: () => step('first') },
    { keys: 'End', about: 'Last agent', run: () => step('last') },
    {
      keys: 'Enter',
      about: 'Swimlanes of the selected agent’s run',
      run: () =>
        run !== undefined && void navigate({ to: '/runs/$run', params: { run }, search: { sel: search.sel, at: search.at } as never }),
    },
    { keys: '/', about: 'Filter agents', run: () => filterBox.current?.focus() },
    { keys: 'x', about: 'Errors only', run: () => setSearch({ errors: !search.errors }) },
    { keys: 'v', about: 'Grid or table', run: () => setSearch({ view: search.view === 'table' ? 'grid' : 'table' }) },
    {
      keys: 'd',
      about: 'Density: auto, tiles, compact, heat',
      run: () => setSearch({ view: 'grid', mode: ['', ...densities][(densities as readonly string[]).indexOf(search.mode) + 2] ?? '' }),
    },
    { keys: 'n', about: 'Next agent that needs attention', run: nextTrouble },
    {
      keys: 'a',
      about: 'Acknowledge the selected agent’s trouble, or take that back',
      run: () => trouble !== undefined && (trouble.isKnown ? unacknowledge : acknowledge)(subjectOf(trouble.id)),
    },
    { keys: 'w', about: 'Fold all groups', run: () => foldAll(true) },
    { keys: 'e', about: 'Open all groups', run: () => foldAll(false) },
  ])
}
