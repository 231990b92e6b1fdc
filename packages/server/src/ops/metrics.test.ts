import { expect, test } from 'vitest'
import { createMetrics } from './metrics.ts'

test('the queue is looked at when it is asked for, so that it is told also while nothing can be committed', async () => {
  let depth = 0
  const { registry } = createMetrics({ queueDepth: () => depth })
  for (depth of [0, 7]) expect(await registry.metrics()).toMatch(new RegExp(`^signalbox_queue_events ${depth}$`, 'm'))
})
