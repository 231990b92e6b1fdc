import type { FeedOptions } from '@signalbox/client/feed.ts'
import type { LiveRow, ServerFrame } from '@signalbox/model/live.ts'
import { encodeCursor } from '@signalbox/model/live-cursor.ts'
import type { RunRow } from '@signalbox/model/rows.ts'
import { expect, test } from 'vitest'
import { createHub } from './hub.ts'
import type { FromLeader } from './messages.ts'

const at = (position: number) => encodeCursor({ epoch: '0000000a', positions: [position] })
const row = (i: number): LiveRow => ({
  ...{ table: 'runs', key: `r${i}`, partition: 0, position: i },
  row: { id: `r${i}` } as unknown as RunRow,
})
const page = (cursor: string, rows: readonly LiveRow[], last: boolean): ServerFrame & { readonly kind: 'snapshot' } => ({
  ...{ kind: 'snapshot', sub: 's', cursor, rows, last },
})

/** A hub with one feed of rows, of which the test is the server. */
function hubOfRows() {
  const given = new Map<string, (ServerFrame & { readonly kind: 'snapshot' })[]>()
  let feed: Pick<FeedOptions, 'onFrame'> | undefined
  const hub = createHub(
    (options) => {
      feed = options
      return {
        cursor: () => undefined,
        status: () => ({ state: 'open', transport: 'ws', clockOffsetMs: 0, attempts: 0 }),
        hurry() {},
        close() {},
      }
    },
    (message, tabs) => {
      const { kind, frames = [] } = message as Partial<FromLeader & { readonly kind: 'frames' }>
      if (kind !== 'frames') return
      for (const tab of tabs) given.set(tab, [...(given.get(tab) ?? []), ...frames.filter((frame) => frame.kind === 'snapshot')])
    },
  )
  hub.begin()
  return {
    join: (tab: string) => hub.take({ kind: 'want', reader: { tab, id: 1 }, wish: { feed: 'state', filter: {} } }),
    send: (...frames: ServerFrame[]) => {
      for (const frame of frames) feed?.onFrame(frame)
    },
    /** What each page of a snapshot that the tab was given says of itself. */
    told: (tab: string) => given.get(tab)?.map(({ rows, last, truncated }) => ({ rows: rows.length, last, truncated })),
  }
}

test('a tab that joins later hears with the last page of what is held which tables are not whole', async () => {
  const { join, send, told } = hubOfRows()
  join('first')
  await Promise.resolve()
  const rows = Array.from({ length: 3_000 }, (_, i) => row(i))
  send(page(at(1), rows.slice(0, 1_000), false), { ...page(at(1), rows.slice(1_000), true), truncated: ['runs'] })
  expect(told('first')).toEqual([
    { rows: 1_000, last: false },
    { rows: 2_000, last: true, truncated: ['runs'] },
  ])
  // What changes since says nothing of it.
  send({ kind: 'delta', sub: 's', from: at(1), cursor: at(2), rows: [row(3_000)] })
  join('second')
  expect(told('second')).toEqual([
    { rows: 2_000, last: false },
    { rows: 1_001, last: true, truncated: ['runs'] },
  ])
})

test('once a snapshot is whole, so is what a later tab is given', async () => {
  const { join, send, told } = hubOfRows()
  join('first')
  await Promise.resolve()
  send({ ...page(at(1), [row(1)], true), truncated: ['runs'] })
  send({ kind: 'resync', sub: 's', cursor: at(2), reason: 'expired' }, page(at(2), [row(1), row(2)], true))
  join('second')
  expect(told('second')).toEqual([{ rows: 2, last: true }])
})
