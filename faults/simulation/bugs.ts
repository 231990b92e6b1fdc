/** Bugs that can be put in, each in a port or between two stages, so that the code that is tested stays as it is. They show what the simulation sees. */
import type { LogReader } from '@signalbox/server/store/store.ts'

export const bugs = {
  'ack-before-commit': 'The broker answers before the sequencer has committed.',
  'lost-answer-is-success': 'A commit whose answer was lost counts as made.',
  'commit-unsynced': 'COMMIT is answered before it is on disk (synchronous_commit = off).',
  'fence-ignored': 'A commit does not look at the fence.',
  'ids-not-unique': 'The log takes an id twice.',
  'batch-folded-twice': 'Who takes a partition is told that fewer events are folded than are.',
  'rows-ahead': 'Rows are written with the head as their position, whatever they stand for.',
  'closed-call-stays-open': 'A call that closed is in a chunk, and its open row is left.',
  'again-forgotten': 'A chunk does not say that its calls had closed before.',
  'snapshot-claims-head': 'A snapshot of rows says that it stands for the head, not for what is folded.',
  'resume-one-late': 'A reader that comes back goes on one position too late.',
  'resume-one-early': 'A reader that comes back goes on one position too early.',
  'gap-unannounced': 'A page of events from the store leaves out its first one.',
  'spool-unsynced': 'The spool does not wait for its file to be on disk.',
  'spool-removed-early': 'A segment leaves the disk before the server has answered for it.',
} as const
export type Bug = keyof typeof bugs

/** The reader with the bugs that are of reading. */
export function misread(reader: LogReader, has: ReadonlySet<Bug>): LogReader {
  if (has.has('snapshot-claims-head'))
    return {
      ...reader,
      async snapshot(q) {
        const snapshot = await reader.snapshot(q)
        return { ...snapshot, heads: await reader.heads() }
      },
    }
  const shift = has.has('resume-one-late') ? 1 : has.has('resume-one-early') ? -1 : 0
  if (shift === 0 && !has.has('gap-unannounced')) return reader
  return {
    ...reader,
    async readPartition(q) {
      const page = await reader.readPartition({ ...q, after: Math.max(0, q.after + shift) })
      return has.has('gap-unannounced') && page.events.length > 1 ? { ...page, events: page.events.slice(1) } : page
    },
  }
}
