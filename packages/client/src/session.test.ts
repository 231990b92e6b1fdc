import { expect, test } from 'vitest'
import { after, transitions } from './session.ts'
import { expectReach, expectTable } from './transition-table.testing.ts'

test('every step from every state of a feed is what the table says', () => {
  expectTable(
    transitions,
    `            opened  lost     retry       refused  close
    connecting   open    waiting  -           closed   closed
    open         -       waiting  -           closed   closed
    waiting      -       -        connecting  closed   closed
    closed       closed  closed   closed      closed   closed`,
  )
  expect(after('open', 'opened')).toBe(undefined)
  expect(after('open', 'lost')).toBe('waiting')
})

test('every state of a feed is reached, and closed is the end', () => expectReach(transitions, 'closed'))
