import type { CallRow } from '@signalbox/model/rows.ts'
import { expect, test } from 'vitest'
import { withOlder } from './calls.ts'

const call = (id: string, outcome: CallRow['outcome']): CallRow => ({
  id,
  kind: 'tool',
  name: 'Grep',
  run: 'r',
  outcome,
  usage: { inputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 0, reasoningTokens: 0, costMicros: 0 },
})

test('a call that changed after it was read is there once, as the feed has it', () => {
  const held = [call('b', 'failed')]
  expect(withOlder(held, [call('a', 'finished'), call('b', 'finished')])).toEqual([call('a', 'finished'), call('b', 'failed')])
  expect(withOlder(held, [])).toBe(held)
})
