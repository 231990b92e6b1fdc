/** The lines of Gas Town's history, parsed, in time order, each with a name of its own. */
import { createHash } from 'node:crypto'
import type { EpochMs } from '@signalbox/model/event.ts'
import { instantOf, type Json, parseObject, stringOf } from '@signalbox/model/text.ts'
import type { Collector } from './collector.ts'
import type { SourceFile } from './import.ts'

export interface Change {
  /** The source's number; with a hash of the content where the source used the number before for something else. */
  readonly foreign: string
  readonly number: number
  readonly time: EpochMs
  readonly actor: string
  readonly kind: string
  /** Id of the changed record: a task, or the record of an agent. */
  readonly subject: string
  /** `new_value` and `old_value`, parsed; empty where they are text. */
  readonly after: Json
  readonly before: Json | undefined
  /** What was written in words: the reason of a closing, the label, the new name. */
  readonly text: string
  readonly line: Json
}

export function changesOf(files: readonly SourceFile[], out: Collector): Change[] {
  const contents = new Map<number, string>()
  const changes: Change[] = []
  for (const file of files.filter((one) => one.path.endsWith('events.union.jsonl'))) {
    for (const text of file.text.split('\n')) {
      if (text.trim() === '') continue
      out.record()
      const line = parseObject(text)
      const change = line && changeOf(line)
      if (change === undefined) {
        out.skip('unreadable line', 'It is not JSON, or has no number, time, actor, kind or subject.')
        continue
      }
      const content = JSON.stringify(line)
      const earlier = contents.get(change.number)
      if (earlier === content) {
        out.skip('repeated line', 'The same number with the same content is the same change.')
      } else if (earlier === undefined) {
        contents.set(change.number, content)
        changes.push(change)
      } else {
        // The database was rebuilt and counted again from an older number: two facts, one name. Both are kept.
        out.reused(String(change.number))
        changes.push({ ...change, foreign: `${change.number}#${createHash('sha256').update(content).digest('hex').slice(0, 16)}` })
      }
    }
  }
  return changes.sort((a, b) => a.time - b.time || a.number - b.number)
}

function changeOf(line: Json): Change | undefined {
  const time = instantOf(line.created_at)
  const actor = stringOf(line.actor)
  const kind = stringOf(line.event_type)
  const subject = stringOf(line.issue_id)
  const number = line.id
  if (typeof number !== 'number' || time === undefined || actor === undefined || kind === undefined || subject === undefined)
    return undefined
  const written = stringOf(line.new_value) ?? ''
  return {
    foreign: String(number),
    number,
    time,
    actor,
    kind,
    subject,
    after: parseObject(written) ?? {},
    before: parseObject(stringOf(line.old_value) ?? ''),
    text: stringOf(line.comment) ?? written,
    line,
  }
}
