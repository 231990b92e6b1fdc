/**
 * Order: positions are dense in each partition, from the first that is retained, and in real time: what was acknowledged before another
 * event was first sent stands before it. That holds between any two senders, so between two calls of one producer too.
 */
import { createFindings } from './finding.ts'
import type { MakeLaw } from './law.ts'
import { isPosition } from './places.ts'

export const order: MakeLaw = ({ contents, log, retainedFrom }) => {
  const findings = createFindings('order')
  let looked = 0

  function judgeDense(partition: number): void {
    const head = log.head(partition)
    for (let position = retainedFrom(partition); position <= head; position += 1) {
      if (log.contentAt(partition, position) !== -1) continue
      findings.add('positions are missing in the log', () => `${partition}:${position} of ${head}`, [log.lineAt(partition, position + 1)])
    }
    for (let position = 1; position < retainedFrom(partition); position += 1)
      if (log.contentAt(partition, position) !== -1)
        findings.add('positions are in the log that the retention took', () => `${partition}:${position}`, [
          log.lineAt(partition, position),
        ])
  }

  /** From the head down: whoever stands higher and was acknowledged first must not have been so before this one was sent. */
  function judgeTime(partition: number): void {
    let earliest = { line: Number.POSITIVE_INFINITY, content: -1, position: 0 }
    for (let position = log.head(partition); position >= 1; position -= 1) {
      const content = log.contentAt(partition, position)
      if (content === -1) continue
      const sent = contents.sent.get(content)
      if (sent !== 0) looked += 1
      const { line, content: other, position: higher } = earliest
      if (sent > line)
        findings.add(
          'events stand before one that was acknowledged before they were sent',
          () =>
            `${contents.idOf(content)} at ${partition}:${position}, sent after ${contents.idOf(other)} at ${partition}:${higher} was acknowledged`,
          [line, sent],
        )
      const acknowledged = contents.acknowledged.get(content)
      if (acknowledged !== 0 && acknowledged < line) earliest = { line: acknowledged, content, position }
    }
  }

  return {
    see(entry, line) {
      if (entry.op !== 'final' || entry.what !== 'log') return
      for (const [partition, position, id] of entry.places)
        if (!isPosition(position)) findings.add('positions are not whole numbers from 1', () => `${id} at ${partition}:${position}`, [line])
    },
    judge() {
      for (const partition of log.partitions()) {
        judgeDense(partition)
        judgeTime(partition)
      }
      return { looked, findings: findings.all() }
    },
  }
}
