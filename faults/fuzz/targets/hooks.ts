/** Hooks of Claude Code, from the bytes of a body to events that a server takes: never a throw, never an event that is refused. */
import { takeMade } from '@signalbox/model/validate.ts'
import { readHook } from '@signalbox/server/ingest/claude-code/hook.ts'
import { story } from '@signalbox/server/ingest/claude-code/hooks.testing.ts'
import { eventsOf } from '@signalbox/server/ingest/claude-code/mapping.ts'
import { createSessions } from '@signalbox/server/ingest/claude-code/sessions.ts'
import { must, type Target, utf8 } from '../fuzz.ts'

const bounds = { maxDepth: 64, maxKeys: 1_000, maxStringChars: 1_000_000 }
const at = Date.UTC(2026, 1, 28, 10)

function mapped(text: string) {
  const bytes = utf8(text)
  const read = readHook(JSON.parse(text), bytes)
  // A session in which something is open, so that ends have something to end.
  const session = createSessions().of('default', 's')
  session.open.set('toolu_1', 'claude-code/5f1c2d3e/main')
  session.pending.set('toolu_2', { type: 'Explore', by: 'claude-code/5f1c2d3e/main' })
  return read.ok ? eventsOf({ ...read.hook, at }, session) : []
}

export const hooks: Target = {
  name: 'claude-code-hooks',
  expects: ['events', 'no hook', 'no JSON'],
  seeds: () => story.map((body) => utf8(JSON.stringify(body))),
  check(input) {
    const text = Buffer.from(input).toString()
    try {
      JSON.parse(text)
    } catch {
      return 'no JSON'
    }
    const events = mapped(text)
    must(JSON.stringify(events) === JSON.stringify(mapped(text)), 'the same hook gives the same events')
    must(new Set(events.map(({ id }) => id)).size === events.length, 'each event has an id of its own')
    for (const event of events) {
      const parsed = takeMade(event, 'default', bounds)
      must(parsed.ok, `an event is one that a server takes: ${parsed.ok ? '' : parsed.message}`)
    }
    return events.length > 0 ? 'events' : 'no hook'
  },
}
