/** The door of hooks on a real socket, with the store behind it in the test's hand. */
import type { MadeEvent } from '@signalbox/model/foreign.ts'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { Unavailable } from '../../broker/broker.ts'
import { createFakeClock } from '../../clock.fake.ts'
import { type Caller, createHttp } from '../../http.ts'
import { createMetrics } from '../../ops/metrics.ts'
import { accepted } from '../doors.testing.ts'
import { createInFlight } from '../in-flight.ts'
import type { Receive } from '../receive.ts'
import { claudeCodeDoor } from './claude-code.ts'
import { hook, run, sendHook } from './hooks.testing.ts'

const start = Date.UTC(2026, 5, 1)
const caller: Caller = { tenant: 'default', scopes: new Set(['ingest']) }

/** `away` until the test says otherwise: then events reach `stored`, in order. */
async function world(bounds: { mostHooks?: number; mostBytes?: number } = {}, keyId?: string) {
  const clock = createFakeClock(start)
  const metrics = createMetrics()
  const said: unknown[] = []
  const faults: unknown[] = []
  const stored: MadeEvent[] = []
  const state = { isAway: true, fault: undefined as Error | undefined, isRevoked: false }
  const receive: Receive = async (raw) => {
    if (state.fault !== undefined) throw state.fault
    if (state.isAway) throw new Unavailable('STORE_UNAVAILABLE', 1_000, true)
    stored.push(...raw.map(({ event }) => event as MadeEvent))
    return accepted(raw)
  }
  const who = keyId === undefined ? caller : { ...caller, keyId }
  const door = claudeCodeDoor({
    receive,
    inFlight: createInFlight(1 << 26, () => {}),
    config: { maxBodyBytes: 1 << 20, maxBatchEvents: 1_000 },
    clock,
    auth: { caller: async () => (state.isRevoked ? undefined : who) },
    metrics,
    log: { warn: (...line: unknown[]) => void said.push(line) },
    onRefused: () => {},
    onFault: (error) => faults.push(error),
    bounds,
  })
  const http = createHttp({
    config: { host: '127.0.0.1', port: 0, allowedHosts: '', allowedOrigins: '', bodyTimeoutMs: 30_000, maxBodyBytes: 1 << 20, drainMs: 0 },
    auth: { caller: async () => who },
    log: pino({ level: 'silent' }),
  })
  await http.app.register(door.plugin)
  const url = await http.listen()
  onTestFinished(() => http.stop())
  const prompt = async (n: number) =>
    expect(await sendHook(url, hook('UserPromptSubmit', { prompt: `p${n}` }))).toEqual({ status: 200, body: {} })
  const dropped = async () =>
    Object.fromEntries((await metrics.hooksDropped.get()).values.map(({ labels, value }) => [String(labels.reason), value]))
  /** Turns of the event loop, in each of which time passes. */
  const until = (is: () => boolean) =>
    expect
      .poll(() => {
        clock.advance(2_000)
        return is()
      })
      .toBe(true)
  const prompts = () => stored.flatMap(({ type, data }) => (type === 'message.sent' ? [String(data?.text)] : []))
  return { url, clock, state, stored, said, faults, door, prompt, prompts, dropped, until }
}

test('while the store is away hooks wait; what does not fit is dropped, counted, logged, and told once hooks flow again', async () => {
  const { prompt, prompts, state, stored, said, dropped, until } = await world({ mostHooks: 3 })
  for (let n = 1; n <= 10; n += 1) await prompt(n)
  expect(await dropped()).toEqual({ full: 7 })
  expect(said).toEqual([[{ reason: 'full' }, expect.any(String)]])
  expect(stored).toEqual([])
  state.isAway = false
  await until(() => stored.some(({ data }) => data?.lost !== undefined))
  expect(prompts()).toEqual(['p1', 'p2', 'p3'])
  expect(stored.at(-1)).toMatchObject({ type: 'log', run, data: { level: 'warn', lost: 7 } })
  expect(said).toEqual([
    [{ reason: 'full' }, expect.any(String)],
    [{ hooks: 7 }, expect.any(String)],
  ])
  await prompt(11)
  await until(() => prompts().includes('p11'))
  // What was told of the session in hooks that were dropped is told again.
  expect(stored.filter(({ type }) => type === 'run.started')).toHaveLength(2)
})

test('the bound of bytes holds too', async () => {
  const { url, dropped, prompt } = await world({ mostBytes: 10_000 })
  await prompt(1)
  for (let n = 0; n < 5; n += 1)
    expect(await sendHook(url, hook('Stop', { last_assistant_message: `${n}${'x'.repeat(5_000)}` }))).toMatchObject({ status: 200 })
  expect((await dropped()).full).toBeGreaterThan(1)
})

test('what fails again and again, and not for want of the store, is given up so that the rest flows', async () => {
  const { prompt, prompts, state, faults, dropped, until } = await world()
  state.fault = new Error('a bug')
  await prompt(1)
  await until(() => faults.length === 5)
  state.fault = undefined
  state.isAway = false
  await prompt(2)
  await until(() => prompts().includes('p2'))
  expect(await dropped()).toEqual({ fault: 1 })
})

test('a key that was revoked since its hook was answered stores nothing', async () => {
  const { prompt, state, stored, dropped, until } = await world({}, 'k1')
  await prompt(1)
  state.isRevoked = true
  state.isAway = false
  let is = false
  await until(() => {
    void dropped().then(({ key }) => {
      is = key === 1
    })
    return is
  })
  expect(stored).toEqual([])
})

test('a stop stores what waits; what the store does not take within the time is dropped and counted', async () => {
  const calm = await world()
  await calm.prompt(1)
  calm.state.isAway = false
  await calm.door.stop(1_000)
  expect(calm.prompts()).toEqual(['p1'])
  const stuck = await world()
  await stuck.prompt(1)
  const stopping = stuck.door.stop(1_000)
  stuck.clock.advance(1_000)
  await stopping
  expect(await stuck.dropped()).toEqual({ stopped: 1 })
  await stuck.prompt(2)
  expect(await stuck.dropped()).toEqual({ stopped: 2 })
})
