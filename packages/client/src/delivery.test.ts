import { expect, test } from 'vitest'
import { deliveryAfter, deliveryTransitions } from './delivery.ts'
import { expectReach, expectTable } from './transition-table.testing.ts'

test('every step from every state of a delivery is what the table says', () => {
  expectTable(
    deliveryTransitions,
    `            wake       emptied  sent     drained  failed    spill     spilled  end
    idle         replaying  -        -        -        -         -         -        ended
    replaying    -          sending  -        -        spilling  -         -        ended
    sending      -          -        sending  idle     spilling  -         -        ended
    spilling     -          -        -        -        -         -         waiting  ended
    waiting      replaying  -        -        -        -         spilling  -        ended
    ended        ended      ended    ended    ended    ended     ended     ended    ended`,
  )
  expect(deliveryAfter('waiting', 'wake')).toBe('replaying')
  expect(deliveryAfter('idle', 'spill')).toBe(undefined)
})

test('every state of a delivery is reached, and ended is the end', () => expectReach(deliveryTransitions, 'ended'))
