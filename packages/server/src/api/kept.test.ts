import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createFakeClock } from '../clock.fake.ts'
import { createKeys } from '../ops/auth.ts'
import { changesWithinMs, forgetRemoved, mostKept } from '../store/kept.ts'
import { stopDatabases } from '../store/testing.ts'
import { checker, startTestApi, type TestApi } from './testing.ts'

const clock = createFakeClock(Date.parse('2026-03-04T12:00:00Z'))
const time = (agoMs: number) => new Date(clock.now() - agoMs).toISOString()
let api: TestApi
let check: ReturnType<typeof checker>
beforeAll(async () => {
  api = await startTestApi({}, { clock })
  check = checker(api.document)
})
afterAll(async () => {
  await api?.stop()
  await stopDatabases()
})

interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
}
async function ask(method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(api.url + path, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const answer = (await response.json()) as Record<string, unknown>
  check(method.toLowerCase(), path, response.status, response.headers.get('content-type') ?? '', answer)
  return { status: response.status, body: answer }
}
const view = { name: 'Failing tools', screen: '/tail', search: '?type=tool.*&errors=true' }

describe('views', () => {
  test('a view is saved, changed, listed and removed, and each answer says what holds', async () => {
    const saved = { id: 'v1', ...view, savedAt: time(3_000) }
    expect(await ask('PUT', '/v1/views/v1', { ...view, at: time(3_000) })).toEqual({
      status: 200,
      body: { current: saved, at: time(3_000) },
    })
    expect((await ask('PUT', '/v1/views/v1', { ...view, at: time(3_000) })).body).toMatchObject({ current: saved })
    const renamed = { ...saved, name: 'Tools', savedAt: time(1_000) }
    expect((await ask('PUT', '/v1/views/v1', { ...view, name: 'Tools', at: time(1_000) })).body).toMatchObject({ current: renamed })
    // Made offline before that.
    expect((await ask('DELETE', `/v1/views/v1?at=${time(2_000)}`)).body).toEqual({ current: renamed, at: time(1_000) })
    expect((await ask('GET', '/v1/views')).body).toEqual({ items: [renamed] })
    expect((await ask('DELETE', '/v1/views/v1')).body).toEqual({ current: null, at: time(0) })
    expect((await ask('PUT', '/v1/views/v1', { ...view, at: time(500) })).body).toEqual({ current: null, at: time(0) })
    expect((await ask('GET', '/v1/views')).body).toEqual({ items: [] })
  })

  test('what can be no view is refused', async () => {
    for (const wrong of [
      { ...view, name: '' },
      { ...view, name: 'x'.repeat(201) },
      { ...view, screen: 'https://evil.example/' },
      { ...view, screen: '//evil.example/' },
      { ...view, screen: '/\\evil.example/' },
      { ...view, search: 'javascript:alert(1)' },
      { ...view, search: `?${'x'.repeat(4_000)}` },
      { ...view, more: 1 },
      { ...view, at: 'yesterday' },
      { name: 'no screen' },
      [view],
    ])
      expect(await ask('PUT', '/v1/views/v2', wrong)).toMatchObject({ status: 400, body: { code: 'BAD_REQUEST' } })
    expect(await ask('PUT', '/v1/views/a.b', view)).toMatchObject({ status: 400 })
    const response = await fetch(`${api.url}/v1/views/v2`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{' })
    expect(response.status).toBe(400)
  })

  test('no more than there is room for', async () => {
    const saved = Array.from({ length: mostKept.view }, (_, i) => ask('PUT', `/v1/views/many-${i}`, view))
    for (const answer of await Promise.all(saved)) expect(answer.status).toBe(200)
    expect(await ask('PUT', '/v1/views/one-more', view)).toMatchObject({ status: 409, body: { code: 'TOO_MANY_KEPT' } })
    // What is there can be changed, and what is removed makes room.
    clock.advance(1)
    expect(await ask('PUT', '/v1/views/many-0', { ...view, name: 'other' })).toMatchObject({
      status: 200,
      body: { current: { name: 'other' } },
    })
    await ask('DELETE', '/v1/views/many-1')
    expect(await ask('PUT', '/v1/views/one-more', view)).toMatchObject({ status: 200 })
  })
})

describe('acknowledgements', () => {
  const path = (subject: string) => `/v1/acknowledgements/${encodeURIComponent(subject)}`

  test.each(['agent:worker/1', 'task:run 1\u001ftask é😀', `agent:${'é'.repeat(256)}`, `task:${'r/'.repeat(128)}`])(
    '%j is acknowledged',
    async (subject) => {
      const known = { subject, note: '<b>known</b> \u0000\u202e', at: time(0) }
      expect(await ask('PUT', path(subject), { note: known.note })).toEqual({ status: 200, body: { current: known, at: known.at } })
      expect((await ask('GET', '/v1/acknowledgements')).body).toEqual({ items: [known] })
      expect((await ask('DELETE', path(subject))).body).toEqual({ current: null, at: time(0) })
    },
  )

  test('a change of the future or of long ago is refused, with the time there', async () => {
    const refused = (code: string) => ({ status: 422, body: { code, serverTime: time(0) } })
    expect(await ask('PUT', path('agent:a'), { note: '', at: time(-2_000) })).toMatchObject(refused('CHANGE_FROM_FUTURE'))
    expect(await ask('DELETE', `${path('agent:a')}?at=${time(-2_000)}`)).toMatchObject(refused('CHANGE_FROM_FUTURE'))
    expect(await ask('PUT', path('agent:a'), { note: '', at: time(changesWithinMs + 1) })).toMatchObject(refused('CHANGE_TOO_OLD'))
  })

  test('a removal is forgotten when no older change is taken any more', async () => {
    await ask('DELETE', path('agent:forgotten'))
    await ask('PUT', path('agent:kept'), { note: '' })
    const removed = async () => (await api.pool.query('select id from kept where body is null')).rows.map(({ id }) => id as string)
    await forgetRemoved(api.pool, clock.now() + changesWithinMs)
    expect(await removed()).toContain('agent:forgotten')
    await forgetRemoved(api.pool, clock.now() + changesWithinMs + 1)
    expect(await removed()).toEqual([])
    expect((await ask('GET', '/v1/acknowledgements')).body.items).toMatchObject([{ subject: 'agent:kept' }])
  })
})

test('each tenant has its own, a read key may keep them, and no other site', async () => {
  const keys = createKeys(api.pool)
  const bearer = async (tenant: string, scope: 'read' | 'ingest') => ({
    authorization: `Bearer ${(await keys.create('k', [scope], tenant)).key}`,
  })
  const crimson = await bearer('crimson', 'read')
  const azure = await bearer('azure', 'read')
  expect(await ask('PUT', '/v1/views/mine', { ...view, name: 'crimson' }, crimson)).toMatchObject({ status: 200 })
  expect(await ask('PUT', '/v1/views/mine', { ...view, name: 'azure' }, azure)).toMatchObject({ status: 200 })
  expect((await ask('GET', '/v1/views', undefined, crimson)).body.items).toMatchObject([{ name: 'crimson' }])
  clock.advance(1)
  await ask('DELETE', '/v1/views/mine', undefined, azure)
  expect((await ask('GET', '/v1/views', undefined, crimson)).body.items).toHaveLength(1)
  expect((await ask('GET', '/v1/views', undefined, azure)).body.items).toEqual([])
  expect(await ask('PUT', '/v1/views/mine', view, await bearer('crimson', 'ingest'))).toMatchObject({
    status: 403,
    body: { code: 'FORBIDDEN' },
  })
  expect(await ask('PUT', '/v1/views/mine', view, { origin: 'https://evil.example' })).toMatchObject({
    status: 403,
    body: { code: 'ORIGIN_REFUSED' },
  })
})
