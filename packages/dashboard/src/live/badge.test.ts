import { expect, test } from 'vitest'
import { clock, dateTime } from '../text.ts'
import { badgeOf, type View } from './badge.ts'
import type { Connection } from './connection.ts'

const now = Date.parse('2026-11-24T14:02:20Z')
const at = clock(now - 9_000)
const open: Connection = {
  status: { state: 'open', transport: 'ws', clockOffsetMs: 0, attempts: 0 },
  online: true,
  since: now - 9_000,
  heardAt: now - 1_000,
  newestAt: now - 4_000,
  behindMs: 0,
  role: { role: 'alone', tabs: 1, silent: false },
  dropped: 0,
  gaps: 0,
}
const lost: Connection = {
  ...open,
  heardAt: now - 9_000,
  status: { ...open.status, state: 'waiting', attempts: 2, reason: 'closed (1006)' },
}
const seen: View = { paused: false, buffered: 0, rate: 60, at: undefined }
const frozen: View = { ...seen, paused: true, buffered: 1_284 }
const follower: Connection = { ...open, role: { role: 'follower', tabs: 3, silent: false } }
const idleMs = 31_000
const dayMs = 86_400_000

test.each([
  [open, seen, 'live · WebSocket', 'newest event 4s ago'],
  [{ ...open, status: { ...open.status, transport: 'sse' } }, seen, 'live · SSE', 'newest event 4s ago'],
  [{ ...open, status: { ...open.status, transport: 'poll' }, newestAt: 0 }, seen, 'live · long poll', 'no events yet'],
  [open, frozen, 'paused', '1,284 buffered · space resumes'],
  [{ ...open, behindMs: 12_000 }, seen, 'catching up', '12 s behind'],
  [{ ...open, behindMs: 12_000, heardAt: now - 5_000 }, seen, 'live · WebSocket', 'newest event 4s ago'],
  [lost, seen, 'reconnecting', `since ${at} · showing data of ${at} (9s ago)`],
  [lost, frozen, 'reconnecting', `since ${at} · showing data of ${at} (9s ago)`],
  [
    { ...lost, heardAt: now - 2 * dayMs },
    seen,
    'reconnecting',
    `since ${at} · showing data of ${dateTime(now - 2 * dayMs).slice(0, 16)} (2d 0h ago)`,
  ],
  [{ ...lost, heardAt: 0 }, seen, 'reconnecting', `since ${at} · nothing received yet`],
  [
    { ...lost, heardAt: 0, status: { ...lost.status, state: 'connecting', attempts: 0, reason: undefined } },
    seen,
    'connecting …',
    'WebSocket',
  ],
  [{ ...lost, online: false }, seen, 'offline', `since ${at} · showing data of ${at} (9s ago)`],
  // Saved rows are shown before the first connection: nothing is live about them.
  [
    { ...lost, status: { ...lost.status, state: 'connecting', attempts: 0 } },
    seen,
    'reconnecting',
    `since ${at} · showing data of ${at} (9s ago)`,
  ],
  [{ ...lost, status: { ...lost.status, reason: 'DRAINING (1012)' } }, seen, 'server draining, moving', `showing data of ${at} (9s ago)`],
  [{ ...lost, refused: 'UNAUTHENTICATED' }, seen, 'unauthorised', 'the server asks for a read key'],
  [{ ...lost, refused: 'FORBIDDEN' }, frozen, 'unauthorised', 'the server asks for a read key'],
  [{ ...lost, refused: 'BAD_CURSOR' }, seen, 'refused', 'closed (1006)'],
  [follower, seen, 'live · via another tab', 'newest event 4s ago'],
  [{ ...follower, behindMs: 12_000 }, seen, 'catching up', '12 s behind'],
  [
    { ...follower, role: { ...follower.role, silent: true }, status: { ...open.status, state: 'waiting', reason: 'no answer' } },
    seen,
    'reconnecting',
    `since ${at} · showing data of ${clock(now - 1_000)} (1s ago)`,
  ],
  [
    { ...follower, status: { ...lost.status, reason: 'DRAINING (1012)' } },
    seen,
    'server draining, moving',
    `showing data of ${clock(now - 1_000)} (1s ago)`,
  ],
  [{ ...open, heardAt: now - idleMs }, seen, 'no word from the server', `for 31 s · showing data of ${clock(now - idleMs)} (31s ago)`],
  [open, { ...seen, rate: 15 }, 'live · reduced rate', '15/s · newest event 4s ago'],
  [{ ...open, gaps: 2 }, seen, 'live · WebSocket', 'newest event 4s ago · 2 gaps in events'],
  [open, { ...seen, at: now - 60_000 }, 'viewing the past', dateTime(now - 60_000)],
  [{ ...open, refused: 'UNAUTHENTICATED' }, { ...seen, at: now }, 'unauthorised', 'the server asks for a read key'],
] satisfies [Connection, View, string, string][])('%#: the badge says what is known', (connection, view, words, detail) => {
  expect(badgeOf(connection, view, now)).toMatchObject({ words, detail })
})

test('what is spoken does not change with each second', () => {
  const said = (ms: number) => badgeOf({ ...open, behindMs: ms }, seen, now + ms).words
  expect(said(1_000)).toBe(said(2_000))
})

test('hovering tells the absolute time and the reason', () => {
  expect(badgeOf(lost, seen, now).hover).toBe('newest event at 2026-11-24T14:02:16.000Z · closed (1006)')
  expect(badgeOf({ ...follower, dropped: 1_200 }, seen, now).hover).toBe(
    'newest event at 2026-11-24T14:02:16.000Z · WebSocket of another tab · 3 tabs share one connection · 1,200 events left out because this page was busy',
  )
})
