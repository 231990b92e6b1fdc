import { memo } from 'react'
import { useNow, useRow } from '../../live/live.ts'
import { agentLook, inkOf } from '../../parts/status.tsx'
import { age, visible, whole } from '../../text.ts'
import { acknowledge, unacknowledge } from '../../views.ts'
import { nameOf } from './agent.ts'
import { subjectOf, type Trouble } from './trouble.ts'

interface AttentionProps {
  readonly troubles: readonly Trouble[]
  readonly selected: string
  readonly select: (id: string) => void
  /** Whether only they are shown. */
  readonly only: boolean
  readonly showOnly: () => void
}

/** Named one by one at most; the rest is a press away. */
const mostNamed = 12

/** Who needs somebody, those that nobody knows of first. */
export function Attention({ troubles, selected, select, only, showOnly }: AttentionProps) {
  if (troubles.length === 0) return null
  const open = troubles.filter(({ isKnown }) => !isKnown).length
  return (
    <section aria-label="Needs attention" className="flex items-center gap-3 border-b border-line px-4 py-1.5 text-xs">
      <button
        type="button"
        aria-pressed={only}
        onClick={showOnly}
        title="Show only these"
        className={`shrink-0 whitespace-nowrap rounded-md border px-2 py-1 ${only ? 'border-accent bg-accent/15' : 'border-line hover:bg-panel'}`}
      >
        <span className={open > 0 ? 'font-semibold text-bad' : 'text-soft'}>
          {open > 0 ? `${whole(open)} need${open === 1 ? 's' : ''} attention` : 'All known'}
        </span>
        {troubles.length > open && <span className="text-faint"> · {whole(troubles.length - open)} acknowledged</span>}
      </button>
      <ul className="flex min-w-0 flex-1 gap-1.5 overflow-x-auto py-0.5 [scrollbar-width:thin]">
        {troubles.slice(0, mostNamed).map((trouble) => (
          <Chip key={trouble.id} trouble={trouble} selected={trouble.id === selected} select={select} />
        ))}
        {troubles.length > mostNamed && (
          <li className="self-center whitespace-nowrap px-1 text-faint">and {whole(troubles.length - mostNamed)} more</li>
        )}
      </ul>
    </section>
  )
}

const failing = { tone: 'bad', sign: '✕', words: 'failing' } as const

const Chip = memo(function Chip({
  trouble: { id, kind, since, isKnown },
  selected,
  select,
}: {
  readonly trouble: Trouble
  readonly selected: boolean
  readonly select: (id: string) => void
}) {
  const agent = useRow('agents', id)
  const now = useNow()
  if (agent === undefined) return null
  const look = kind === 'failing' ? failing : agentLook(kind)
  const name = visible(nameOf(agent))
  return (
    <li
      className={`flex shrink-0 items-center rounded-md border ${selected ? 'border-accent' : isKnown ? 'border-transparent' : 'border-line bg-panel'}`}
    >
      <button
        type="button"
        onClick={() => select(id)}
        className={`flex items-center gap-1.5 whitespace-nowrap py-1 pl-2 pr-1 ${isKnown ? 'text-faint' : ''}`}
      >
        <span className={isKnown ? '' : inkOf(look.tone)}>
          <span aria-hidden="true">{look.sign}</span> {look.words}
        </span>
        <span className="max-w-40 truncate">{name}</span>
        {since !== undefined && <span className="tabular-nums text-faint">{age(now - since)}</span>}
      </button>
      <button
        type="button"
        aria-pressed={isKnown}
        aria-label={`Acknowledge: ${name} ${look.words}`}
        title={isKnown ? 'Acknowledged; press to take it back' : 'Acknowledge (a)'}
        onClick={() => (isKnown ? unacknowledge : acknowledge)(subjectOf(id))}
        className={`rounded px-1.5 py-1 hover:text-ink ${isKnown ? 'text-good' : 'text-faint'}`}
      >
        <span aria-hidden="true">✓</span>
      </button>
    </li>
  )
})
