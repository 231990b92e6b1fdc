/** Everything that /openapi.json describes, asked by a fixed seed. `faults/fuzz/main.ts --only openapi` asks on with others. */
import { createDice } from '@signalbox/cli/demo/dice.ts'
import { stopDatabases } from '@signalbox/server/store/testing.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createJudge } from './judge.ts'
import { fuzzApi } from './openapi.ts'
import { operationsOf } from './operations.ts'
import { type ApiWorld, startApiWorld } from './world.ts'

/** Of each operation. */
const requestsEach = 60
let world: ApiWorld
beforeAll(async () => {
  world = await startApiWorld()
})
afterAll(async () => {
  await world.api.stop()
  await stopDatabases()
})

test('every answer is as described, tells nobody what is not theirs, and is never a fault', async () => {
  const { api, known, callers } = world
  const operations = operationsOf(api.document)
  const { findings, answers } = await fuzzApi({
    url: api.url,
    document: api.document,
    dice: createDice(1),
    known,
    callers,
    requests: requestsEach * operations.length,
  })
  expect(findings.map(({ caller, request, why }) => `${caller}: ${request.method} ${request.path.slice(0, 500)}: ${why}`)).toEqual([])
  // All of it was asked, and some of it was answered.
  const taken = operations.filter(({ isSocket }) => !isSocket).map(({ method, path }) => `${method} ${path} 200`)
  expect([...answers.keys()]).toEqual(expect.arrayContaining(taken))
})

test('a secret is seen where it may be, so that it would be seen where it may not', async () => {
  const { api, known, callers } = world
  const [alpha] = callers
  if (alpha === undefined) throw new Error('There is nobody to ask.')
  const own = [{ ...alpha, secrets: ['canary-of-alpha'] }]
  const { findings } = await fuzzApi({
    url: api.url,
    document: api.document,
    dice: createDice(2),
    known,
    callers: own,
    requests: 20 * operationsOf(api.document).length,
    most: 1_000,
  })
  const paths = new Set(findings.flatMap(({ request, why }) => (why.startsWith('it tells') ? [request.path.split(/[?/]/)[2]] : [])))
  expect([...paths]).toEqual(expect.arrayContaining(['events', 'agents', 'runs', 'tasks', 'quarantine', 'state']))
})

test('an answer that is not as described is told', () => {
  const judge = createJudge(world.api.document)
  const asked = { method: 'GET', path: '/v1/runs' }
  const answer = (status: number, value: unknown, type = status < 400 ? 'application/json' : 'application/problem+json') =>
    judge(asked, { status, headers: { 'content-type': type }, body: Buffer.from(JSON.stringify(value)) }, ['secret'])
  const problem = { type: '', title: '', status: 404, code: 'NOT_FOUND', detail: '', hint: '', retryable: false, instance: '' }
  expect(answer(200, { items: [], next: null })).toBeUndefined()
  expect(answer(404, problem)).toBeUndefined()
  expect(answer(200, { items: [{}], next: null })).toContain('what its schema forbids')
  expect(answer(200, { items: [], next: 'a secret' })).toContain('it tells secret')
  expect(answer(500, problem)).toContain('it answers 500')
  expect(answer(404, { ...problem, code: 'NEW' })).toContain('none of refusals.ts')
  expect(answer(400, { ...problem, status: 400 })).toContain('it is 404')
  expect(answer(400, { error: 'Bad Request' }, 'application/json')).toContain('does not document')
})
