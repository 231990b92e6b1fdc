/** The report of an import in words. */
import type { Note, Report } from '../import/import.ts'
import type { Sent } from '../send/send.ts'
import { counted, printable, whole } from './terminal.ts'

export function describeReport(report: Report): string {
  const lines = [
    `Read ${whole(report.records)} records in ${counted(report.files, 'file')}: ${whole(report.events)} events, ${whole(report.derived)} of them derived (no record stands for them).`,
    `  ${counted(report.runs, 'run')} · ${counted(report.agents, 'agent')} · ${counted(report.tasks, 'task')} · ${counted(report.delegations, 'delegation')} to ${counted(report.delegatedTo, 'agent')}`,
    ...notes('Skipped:', report.skipped),
    ...notes('Says less than the source:', report.lossy),
  ]
  const reused = report.idsReusedWithOtherContent
  if (reused.length > 0)
    lines.push(
      `${counted(reused.length, 'id')} that the source used again for other content; each content is an event of its own, none is lost:`,
      ...folded(reused),
    )
  return lines.join('\n')
}

export function describeSent(sent: Sent): string {
  const lines = [
    `Sent ${whole(sent.sent)} events: ${whole(sent.accepted)} stored, ${whole(sent.duplicates)} there before, ${whole(sent.refused.length)} refused.`,
  ]
  if (sent.sent > 0 && sent.duplicates === sent.sent) lines.push('Nothing changed: all of it was there before.')
  const reasons = Map.groupBy(sent.refused, (item) => item.code)
  for (const [code, items] of reasons)
    lines.push(`  ${whole(items.length)} × ${code}, for example ${printable(`${items[0]?.id}: ${items[0]?.message}`)}`)
  return lines.join('\n')
}

const notes = (title: string, all: readonly Note[]) =>
  all.length === 0 ? [] : [title, ...all.map((note) => `  ${whole(note.count).padStart(7)}  ${printable(`${note.what}: ${note.why}`)}`)]

const idsPerLine = 12

const folded = (ids: readonly string[]): string[] =>
  Array.from(
    { length: Math.ceil(ids.length / idsPerLine) },
    (_, line) =>
      `  ${ids
        .slice(line * idsPerLine, (line + 1) * idsPerLine)
        .map((id) => printable(id))
        .join(' ')}`,
  )
