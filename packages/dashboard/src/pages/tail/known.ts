/** Values that completion can offer: of the page's rows, of the vocabulary, and of the events that are held. Read when they are asked for. */
import { useMemo } from 'react'
import { useShown } from '../../live/live.ts'
import { levels } from './brief.ts'
import type { Line } from './buffer.ts'
import type { Known } from './language/complete.ts'
import { dataAt, isDataField, textFields } from './language/fields.ts'

/** Families of the vocabulary; single types are offered as they are seen. */
const families = ['agent.*', 'run.*', 'task.*', 'llm.*', 'tool.*', 'approval.*', 'alert.*', 'command.*']
const types = [
  'task.failed',
  'tool.failed',
  'llm.failed',
  'run.failed',
  'agent.status',
  'agent.heartbeat',
  'handoff',
  'message.sent',
  'log',
  'metric',
]
/** Newest lines looked at, and fields of one event's data. */
const mostLooked = 2_000
const mostFields = 30
const mostValues = 500

export function useKnown(lines: () => readonly Line[]): Known {
  const { store } = useShown()
  return useMemo(() => {
    const events = () =>
      lines()
        .slice(-mostLooked)
        .reverse()
        .flatMap((line) => (line.kind === 'event' ? [line.event] : []))
    const seen = (field: string) => {
      const read = textFields[field]?.read
      const found = new Set<string>()
      for (const event of events()) {
        const value = read === undefined ? (isDataField(field) ? dataAt(event, field) : undefined) : read(event)
        if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') found.add(String(value))
        if (found.size >= mostValues) break
      }
      found.delete('')
      return found
    }
    const ids = (table: 'agents' | 'runs' | 'tasks') => store.all(table).map(({ id }) => id)
    return {
      values(field) {
        const found = seen(field)
        if (field === 'level') return levels
        const more =
          field === 'type'
            ? [...families, ...types]
            : field === 'agent'
              ? ids('agents')
              : field === 'run'
                ? ids('runs')
                : field === 'task'
                  ? ids('tasks')
                  : []
        return field === 'type' ? [...new Set([...families, ...found, ...types])] : [...new Set([...found, ...more])]
      },
      dataFields() {
        const found = new Set<string>()
        for (const { data } of events()) {
          for (const name of Object.keys(data).slice(0, mostFields)) if (isDataField(`data.${name}`)) found.add(`data.${name}`)
          if (found.size >= mostValues) break
        }
        return [...found]
      },
    }
  }, [store, lines])
}
