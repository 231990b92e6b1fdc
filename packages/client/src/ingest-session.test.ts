import { expect, test } from 'vitest'
import { lineAfter, lineTransitions } from './ingest-session.ts'
import { expectReach, expectTable } from './transition-table.testing.ts'

test('every step from every state of a line is what the table says', () => {
  expectTable(
    lineTransitions,
    `            connect     welcome  goaway    lost    close
    idle         connecting  -        -         -       closed
    connecting   -           open     draining  idle    closed
    open         -           -        draining  idle    closed
    draining     -           -        draining  idle    closed
    closed       -           -        -         closed  closed`,
  )
  expect(lineAfter('idle', 'connect')).toBe('connecting')
  expect(lineAfter('draining', 'connect')).toBe(undefined)
})

test('every state of a line is reached, and closed is the end', () => expectReach(lineTransitions, 'closed'))
