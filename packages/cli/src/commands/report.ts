/** The report of an import in words. */
import type { Note, Report } from '../import/import.ts'
import type { Sent } from '../send/send.ts'
import { whole } from './options.ts'

export function describeReport(report: Report, sent: Sent | undefined): string {
  const lines = [
    `${whole(report.records)} records in ${whole(report.files)} files gave ${whole(report.events)} events (${whole(report.derived)} derived).`,
    `Runs ${whole(report.runs)} · agents ${whole(report.agents)} · tasks ${whole(report.tasks)} · delegations ${whole(report.delegations)} to ${whole(report.delegatedTo)} agents.`,
    ...notes('Skipped:', report.skipped),
    ...notes('Says less than the source:', report.lossy),
  ]
  const reused = report.idsReusedWithOtherContent
  if (reused.length > 0)
    lines.push(
      `${whole(reused.length)} ids that the source used again for other content (each content is an event of its own):`,
      `  ${reused.join(' ')}`,
    )
  lines.push('', ...outcome(sent))
  return lines.join('\n')
}

const notes = (title: string, all: readonly Note[]) =>
  all.length === 0 ? [] : [title, ...all.map((note) => `  ${whole(note.count).padStart(7)}  ${note.what}: ${note.why}`)]

function outcome(sent: Sent | undefined): string[] {
  if (sent === undefined) return ['Nothing was sent (--dry-run).']
  const lines = [
    `Sent ${whole(sent.sent)}: ${whole(sent.accepted)} stored, ${whole(sent.duplicates)} there before, ${whole(sent.refused.length)} refused.`,
  ]
  if (sent.sent > 0 && sent.duplicates === sent.sent) lines.push('Nothing changed: all of it was imported before.')
  const reasons = Map.groupBy(sent.refused, (item) => item.code)
  for (const [code, items] of reasons) lines.push(`  ${whole(items.length)} × ${code}, for example ${items[0]?.id}: ${items[0]?.message}`)
  return lines
}
