/**
 * Order: positions are dense in each partition, from the first that is retained, and in real time: what was acknowledged before another
 * event was first sent stands before it. That holds between any two senders, so between two calls of one producer too. On a socket
 * it holds without waiting: of the calls of one process that were answered at their first try, events stand as they were sent.
 */

import type { HistoryEntry } from '../history/history.ts'
import { createColumn } from './column.ts'
import { createFindings } from './finding.ts'
import type { MakeLaw } from './law.ts'
import { isPosition } from './places.ts'

export const order: MakeLaw = (ledger) => {
  const { contents, log, retainedFrom } = ledger
  const findings = createFindings('order')
  let looked = 0
  /** Calls under way on a socket. */
  const socketCalls = new Set<string>()
  const processes: string[] = ['']
  const numbers = new Map<string, number>()
  /** Of what was answered on a socket the first time that it was sent: whose it is, and its place among all that was sent. */
  const owner = createColumn('int32')
  const turn = createColumn('int32')
  let turns = 0

  function seeSend(entry: HistoryEntry & { readonly op: 'send' }, line: number): void {
    const key = `${entry.process}\u0000${entry.call}`
    if (entry.type === 'invoke') {
      if (entry.door !== 'ws') return
      socketCalls.add(key)
      for (const content of ledger.callOf(entry.process, entry.call)?.contents ?? []) {
        // What was sent before may stand anywhere: its former call may have been the one.
        if (contents.sent.get(content) !== line || turn.get(content) !== 0) continue
        turns += 1
        turn.set(content, turns)
      }
      return
    }
    const call = ledger.callOf(entry.process, entry.call)
    if (!socketCalls.delete(key) || entry.type !== 'ok' || call === undefined) return
    const number = numbers.get(entry.process) ?? processes.push(entry.process) - 1
    numbers.set(entry.process, number)
    for (const content of call.contents)
      if (contents.sent.get(content) === call.line && contents.acknowledged.get(content) === line) owner.set(content, number)
  }

  function judgeSockets(partition: number): void {
    const last = new Map<number, { readonly content: number; readonly position: number }>()
    for (let position = 1; position <= log.head(partition); position += 1) {
      const content = log.contentAt(partition, position)
      const number = content === -1 ? 0 : owner.get(content)
      if (number === 0) continue
      looked += 1
      const before = last.get(number)
      if (before !== undefined && turn.get(before.content) > turn.get(content))
        findings.add(
          'events of one socket stand in another order than they were sent in',
          () =>
            `${processes[number]}: ${contents.idOf(content)} at ${partition}:${position} behind ${contents.idOf(before.content)} at ${partition}:${before.position}`,
          [contents.sent.get(content), contents.sent.get(before.content)],
        )
      last.set(number, { content, position })
    }
  }

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
      if (entry.op === 'send') seeSend(entry, line)
      if (entry.op !== 'final' || entry.what !== 'log') return
      for (const [partition, position, id] of entry.places)
        if (!isPosition(position)) findings.add('positions are not whole numbers from 1', () => `${id} at ${partition}:${position}`, [line])
    },
    judge() {
      for (const partition of log.partitions()) {
        judgeDense(partition)
        judgeTime(partition)
        judgeSockets(partition)
      }
      return { looked, findings: findings.all() }
    },
  }
}
