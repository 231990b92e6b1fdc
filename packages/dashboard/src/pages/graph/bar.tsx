import type { ReactNode } from 'react'
import { KeyButton, Toggle } from '../../parts/controls.tsx'
import { age, visible } from '../../text.ts'
import type { Findings } from './findings.ts'
import { type Mode, modes } from './model.ts'

const modeNames: Record<Mode, string> = { agents: 'Agents', roles: 'Roles', teams: 'Teams', tasks: 'Tasks' }

export function Modes({ mode, choose }: { readonly mode: Mode; readonly choose: (mode: Mode) => void }) {
  return (
    <fieldset aria-label="What the nodes are" className="flex gap-0.5 rounded-md border border-line p-0.5 text-xs">
      {modes.map((one) => (
        <button
          key={one}
          type="button"
          aria-pressed={one === mode}
          onClick={() => choose(one)}
          className={`rounded px-2 py-0.5 hover:text-ink max-md:py-1 ${one === mode ? 'bg-raised text-ink' : 'text-soft'}`}
        >
          {modeNames[one]}
        </button>
      ))}
    </fieldset>
  )
}

interface BarProps {
  readonly findings: Findings
  /** How many agents wait for somebody outside. */
  readonly people: number
  readonly mark: string
  readonly setMark: (mark: string) => void
  readonly nameOf: (node: string) => string
  readonly children: ReactNode
}

const several = (count: number, one: string, more: string) => `${count} ${count === 1 ? one : more}`

/** What is worth a look; a press shows where. */
export function Bar({ findings, people, mark, setMark, nameOf, children }: BarProps) {
  const { waits, loops, retries, path } = findings
  const [circle] = waits.circles
  const rounds = loops.reduce((sum, loop) => sum + loop.rounds, 0)
  const again = [...retries].reduce((sum, [node, count]) => sum + (node.startsWith('task:') ? count : 0), 0)
  const chip = (name: string, words: string, tone: string, title: string) => (
    <button
      key={name}
      type="button"
      aria-pressed={mark === name}
      title={title}
      onClick={() => setMark(mark === name ? '' : name)}
      className={`whitespace-nowrap rounded-full border px-2.5 py-0.5 text-xs ${mark === name ? 'border-accent bg-accent/15 text-accent' : `border-line bg-panel hover:border-faint ${tone}`}`}
    >
      {words}
    </button>
  )
  return (
    <div className="flex flex-wrap items-center gap-x-2 gap-y-1 border-b border-line px-4 py-1.5 max-md:px-3">
      {circle !== undefined &&
        chip(
          'waits',
          `⚠ ${several(waits.circles.length, 'circle of waiting', 'circles of waiting')}`,
          'text-bad',
          `Each waits for the next: ${[...circle, circle[0] ?? ''].map(nameOf).join(' → ')}`,
        )}
      {circle === undefined &&
        waits.arcs.length > 0 &&
        chip(
          'waits',
          `◐ ${several(waits.arcs.length, 'wait', 'waits')} for an agent`,
          'text-soft',
          'Who gave a task that is open waits for who has it',
        )}
      {people > 0 && chip('people', `◐ ${several(people, 'waits', 'wait')} for a person`, 'text-wait', 'A task needs input or access')}
      {loops.length > 0 &&
        chip(
          'loops',
          `↻ ${several(loops.length, 'loop', 'loops')}, ${several(rounds, 'round', 'rounds')}`,
          'text-wait',
          'Work was handed on and came back',
        )}
      {again > 0 &&
        chip('retries', `⟲ ${several(again, 'retry', 'retries')}`, 'text-wait', 'Done again after it failed, or given out anew')}
      {chip(
        'path',
        path === undefined ? 'critical path (c)' : `critical path · ${age(path.tookMs)}`,
        'text-soft',
        'The chain of work that the end waited for (c)',
      )}
      <span className="ml-auto flex flex-wrap items-center gap-1.5 max-md:w-full">{children}</span>
      {mark === 'waits' && circle !== undefined && (
        <p className="w-full text-xs text-bad">Each waits for the next: {[...circle, circle[0] ?? ''].map(nameOf).join(' → ')}</p>
      )}
      {mark === 'path' && path !== undefined && <PathText findings={findings} nameOf={nameOf} />}
    </div>
  )
}

const mostNamed = 6

function PathText({ findings: { path }, nameOf }: Pick<BarProps, 'findings' | 'nameOf'>) {
  if (path === undefined || path.steps.length === 0)
    return <p className="w-full text-xs text-faint">No task is known that the end waited for.</p>
  const named = path.steps.slice(-mostNamed)
  const left = path.steps.length - named.length
  return (
    <ol aria-label="Critical path, first to last" className="flex w-full flex-wrap gap-x-1.5 text-xs text-soft">
      {left > 0 && <li className="text-faint">{left} earlier →</li>}
      {named.map(({ task, from, to }, i) => (
        <li key={`${task.id} ${from}`}>
          {visible(task.title?.value ?? task.id).slice(0, 60)} <span className="tabular-nums text-faint">{age(to - from)}</span>
          {task.assignee !== undefined && <span className="text-faint"> ({nameOf(`agent:${task.assignee.value}`)})</span>}
          {i < named.length - 1 && ' →'}
        </li>
      ))}
    </ol>
  )
}

export function Press({
  name,
  keys,
  on,
  press,
}: {
  readonly name: string
  readonly keys: string
  readonly on?: boolean
  readonly press: () => void
}) {
  if (on !== undefined)
    return (
      <Toggle on={on} press={press}>
        {name} ({keys})
      </Toggle>
    )
  return (
    <KeyButton label={name} keys={keys} press={press} look="rounded-md px-2 py-1 text-xs max-md:min-h-8">
      {name}
    </KeyButton>
  )
}

const legend = [
  ['border-faint', 'gave'],
  ['border-faint border-dashed', 'handed on'],
  ['border-faint border-dotted', 'told'],
  ['border-wait', 'waits for'],
] as const

export function Legend() {
  return (
    <ul aria-label="Legend" className="flex flex-wrap gap-x-3 text-xs text-faint max-md:hidden">
      {legend.map(([line, words]) => (
        <li key={words} className="flex items-center gap-1.5 whitespace-nowrap">
          <span aria-hidden="true" className={`w-4 border-t-2 ${line}`} />
          {words}
        </li>
      ))}
    </ul>
  )
}
