import { pino } from 'pino'
import { expect, test } from 'vitest'
import { CannotStart, readConfig } from '../../config.ts'
import { listenForOtlp } from './ports.ts'

/** Ports as they were asked for; of those that are in use, as the system says it. */
function ports(env: Readonly<Record<string, string>>, inUse: readonly number[] = []) {
  const warned: string[] = []
  const log = pino({}, { write: (line: string) => warned.push((JSON.parse(line) as { msg: string }).msg) })
  const listen = async (port: number) => {
    if (inUse.includes(port)) throw new Error(`listen EADDRINUSE: address already in use 127.0.0.1:${port}`)
    return port === 0 ? 40_000 : port
  }
  return { warned, listening: listenForOtlp(readConfig(env), { http: listen, grpc: listen }, log) }
}

test.each<[string, Readonly<Record<string, string>>, object]>([
  ['the usual ones', {}, { http: 4318, grpc: 4317 }],
  ['none beside a main port that is picked', { SIGNALBOX_PORT: '0' }, { http: undefined, grpc: undefined }],
  [
    'those that are asked for, picked or not',
    { SIGNALBOX_PORT: '0', SIGNALBOX_OTLP_HTTP_PORT: '0', SIGNALBOX_OTLP_GRPC_PORT: '5317' },
    { http: 40_000, grpc: 5_317 },
  ],
  ['none that is off', { SIGNALBOX_OTLP_HTTP_PORT: 'off' }, { http: undefined, grpc: 4317 }],
])('%s', async (_name, env, expected) => {
  const { listening, warned } = ports(env)
  expect(await listening).toEqual(expected)
  expect(warned).toEqual([])
})

test('a usual port that is in use is done without, with one warning', async () => {
  const { listening, warned } = ports({}, [4318])
  expect(await listening).toEqual({ http: undefined, grpc: 4317 })
  expect(warned).toEqual([expect.stringMatching(/4318.*in use.*SIGNALBOX_OTLP_HTTP_PORT/)])
})

test('a port that was asked for and is in use stops the start', async () => {
  const { listening } = ports({ SIGNALBOX_OTLP_GRPC_PORT: '4317' }, [4317])
  await expect(listening).rejects.toThrow(CannotStart)
  await expect(listening).rejects.toThrow(
    /SIGNALBOX_OTLP_GRPC_PORT is 4317, and the server cannot listen there: .*in use.* Set SIGNALBOX_OTLP_GRPC_PORT to another port, or to off\./,
  )
})
