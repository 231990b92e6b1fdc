/** Sealing in tests: at once, without a server's hourly look; and a history over days whose order in the log is not that of its ids. */
import type { EventInput } from '@signalbox/model/event.ts'
import { uuidv7 } from '@signalbox/model/ids.ts'
import type { Pool } from 'pg'
import { pino } from 'pino'
import { systemClock } from '../clock.ts'
import { createMetrics } from '../ops/metrics.ts'
import { createSealing, type Sealing } from './sealing.ts'

export const dayMs = 86_400_000

export const sealingOf = (pool: Pool, now: () => number, compressAfterDays = 1, retentionDays = 30): Sealing =>
  createSealing({
    ...{ pool, compressAfterDays, retentionDays, now, clock: systemClock },
    ...{ log: pino({ level: 'silent' }), metrics: createMetrics() },
  })

const acts = [
  ['run.started', {}],
  ['task.created', { title: 'One', assignee: 'w1' }],
  ['tool.started', { call: 'c1', name: 'grep' }],
  ['log', { text: 'tab\there, back\\slash, line\nend, \\N, \u0000 and \ud800' }],
  ['metric', { name: 'queue', value: 3, unit: '1', kind: 'gauge', attributes: { of: 'x' } }],
  ['tool.failed', { call: 'c1', error: 'no such file' }],
  ['llm.finished', { call: 'c2', usage: { inputTokens: 5 }, costMicros: 7 }],
  ['task.failed', { error: 'gave up' }],
  ['alert.fired', { text: 'look' }],
] as const

/** Events of some runs and agents, one after the other at the times given. */
export const eventsAt = (times: readonly number[], from = 0): EventInput[] =>
  times.map((time, n) => {
    const i = from + n
    const [type, data] = acts[i % acts.length] ?? acts[0]
    return {
      ...{ id: uuidv7(time), time: new Date(time).toISOString(), source: `source ${i % 2}`, seq: i, type, data },
      ...{ run: `run ${i % 5}`, task: `task ${i % 7}`, agent: i % 11 === 0 ? 'boss' : `agent ${i % 3}` },
    }
  })
