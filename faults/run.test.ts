/** A short run of faults, so that a law that is broken is seen with every change. The long one is `npm run faults`. */
import { expect, test } from 'vitest'
import { everySight } from './check/counted.ts'
import { killPostmaster } from './inject/kill-postgres.ts'
import { killServer } from './inject/kill-server.ts'
import { dropAnswers } from './inject/net/drop-answers.ts'
import { reset } from './inject/net/reset.ts'
import { rival } from './inject/rival.ts'
import { runScenario } from './world/run.ts'

/** Of a machine that is busy with much else; alone it takes some 20 s. */
const patienceMs = 240_000

test('a rival, killed server, killed PostgreSQL, broken connections: every law holds, and all was seen that a run can have to see', {
  timeout: patienceMs,
}, async () => {
  const faults = [killServer, killPostmaster, dropAnswers('clients'), reset('clients')]
  const opening = [rival]
  const { findings, uncounted, struck, seen } = await runScenario({
    name: 'short',
    seed: 20,
    faults,
    opening,
    sights: everySight,
    strikes: faults.length,
    eventsPerSecond: 500,
  })
  expect(findings).toEqual([])
  expect(uncounted).toEqual([])
  expect(struck.map(({ isOpening }) => isOpening)).toEqual([true, false, false, false, false])
  expect(struck[0]?.fired).toMatch(/the fence refused [1-9]\d* writes of the first and [1-9]\d* of the second$/)
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(0)
})
