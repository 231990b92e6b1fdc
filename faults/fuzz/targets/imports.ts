/** Files of other tools, one a target: mapped without a throw, the same every time, into events that a server can read. */
import { type Format, formats } from '@signalbox/cli/import/import.ts'
import { parseEvent } from '@signalbox/model/validate.ts'
import { must, type Target, utf8 } from '../fuzz.ts'
import { samples } from './import-samples.ts'

const bounds = { maxDepth: 64, maxKeys: 1_000, maxStringChars: 1_000_000 }
const paths = {
  gastown: 'events.union.jsonl',
  'claude-code': 's1/1.jsonl',
  langfuse: 'trace.json',
  otlp: 'traces.jsonl',
  'who-and-when': 'Hand-Crafted/1.json',
} as const

const target = (format: Format): Target => ({
  name: `import-${format}`,
  expects: ['events', 'no events'],
  seeds: () => samples[format].map(utf8),
  check(input) {
    const files = [{ path: paths[format], text: Buffer.from(input).toString() }]
    const { events, report } = formats[format].map(files)
    must(JSON.stringify(formats[format].map(files).events) === JSON.stringify(events), 'the same files give the same events')
    must(report.events === events.length && report.derived <= events.length, 'the report counts them')
    let before = ''
    for (const event of events) {
      must(event.time >= before, 'they come in time order')
      before = event.time
      const parsed = parseEvent(event, 'default', bounds, () => '')
      // Foreign names may be longer than ours may be, or nest deeper; such an event is refused by name and reported.
      must(parsed.ok || parsed.code !== 'INVALID_EVENT' || /^\/(source|run|agent|task|cause) /.test(parsed.message), describe(parsed))
    }
    return events.length > 0 ? 'events' : 'no events'
  },
})

const describe = (parsed: ReturnType<typeof parseEvent>) => (parsed.ok ? '' : `an event is one that a server takes: ${parsed.message}`)

export const importTargets: readonly Target[] = (Object.keys(formats) as Format[]).map(target)
