import { useEffect, useRef } from 'react'
import { useTable } from '../../live/live.ts'
import { useSearch } from '../../search.ts'

const eventTypes = [
  'task.*',
  'llm.*',
  'tool.*',
  'agent.*',
  'run.*',
  'message.sent',
  'log',
  'tool.failed',
  'llm.failed',
  'task.failed',
] as const
/** Most names offered below a field. */
const mostOffered = 200

/** What the server is asked for. A field counts when it is left or confirmed: not every letter is another question. */
export function Filters() {
  const [search, setSearch] = useSearch()
  const agents = useTable('agents')
  const runs = useTable('runs')
  return (
    <>
      <Field name="type" value={search.type} offered={eventTypes} set={(type) => setSearch({ type })} />
      <Field
        name="agent"
        value={search.agent}
        offered={agents.slice(0, mostOffered).map(({ id }) => id)}
        set={(agent) => setSearch({ agent })}
      />
      <Field name="run" value={search.run} offered={runs.slice(0, mostOffered).map(({ id }) => id)} set={(run) => setSearch({ run })} />
      <Field name="task" value={search.task} offered={[]} set={(task) => setSearch({ task })} />
    </>
  )
}

interface FieldProps {
  readonly name: 'type' | 'agent' | 'run' | 'task'
  readonly value: string
  readonly offered: readonly string[]
  readonly set: (value: string) => void
}

function Field({ name, value, offered, set }: FieldProps) {
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => {
    if (input.current !== null) input.current.value = value
  }, [value])
  const commit = () => {
    const next = input.current?.value.trim() ?? ''
    if (next !== value) set(next)
  }
  return (
    <>
      <input
        ref={input}
        type="search"
        aria-label={`Filter by ${name}`}
        placeholder={name}
        list={`tail-${name}`}
        defaultValue={value}
        onBlur={commit}
        onKeyDown={({ key, currentTarget }) => {
          if (key === 'Enter') commit()
          if (key === 'Escape') currentTarget.blur()
        }}
        className={`w-20 min-w-0 max-w-44 flex-1 rounded-md border bg-panel px-2 py-1 placeholder:text-faint ${value === '' ? 'border-line' : 'border-accent text-accent'}`}
      />
      <datalist id={`tail-${name}`}>
        {offered.map((text) => (
          <option key={text} value={text} />
        ))}
      </datalist>
    </>
  )
}
