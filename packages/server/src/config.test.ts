import { expect, test } from 'vitest'
import { CannotStart, readConfig } from './config.ts'

test('what is not set has its default, what is set is taken', () => {
  expect(readConfig({ SIGNALBOX_PORT: '' })).toEqual(readConfig({}))
  expect(readConfig({ SIGNALBOX_PORT: '0', SIGNALBOX_RETENTION_DAYS: '1', SIGNALBOX_DATA: '/d' })).toMatchObject({
    port: 0,
    retentionDays: 1,
    data: '/d',
  })
})

test('every wrong setting is named, with what it may be', () => {
  expect(() => readConfig({ SIGNALBOX_PORT: 'http', SIGNALBOX_RETENTION_DAYS: '0', SIGNALBOX_PARTITIONS: '-1' })).toThrow(
    new CannotStart(
      'Wrong configuration: SIGNALBOX_PORT must be a whole number, not "http"; SIGNALBOX_PARTITIONS must be a whole number, not "-1"; SIGNALBOX_RETENTION_DAYS must be a whole number of at least 1 and at most 36500, not "0".',
    ),
  )
  for (const days of ['36501', '1.5', '9e300']) expect(() => readConfig({ SIGNALBOX_RETENTION_DAYS: days })).toThrow(CannotStart)
})

test('a port of OTLP is a port, off or auto', () => {
  for (const wanted of ['off', 'auto', '0', '4318', '65535'])
    expect(readConfig({ SIGNALBOX_OTLP_HTTP_PORT: wanted }).otlpHttpPort).toBe(wanted)
  expect(readConfig({ SIGNALBOX_OTLP_GRPC_PORT: '' }).otlpGrpcPort).toBe('auto')
  for (const wrong of ['65536', '-1', 'on', '4317 '])
    expect(() => readConfig({ SIGNALBOX_OTLP_GRPC_PORT: wrong })).toThrow(
      new CannotStart(`Wrong configuration: SIGNALBOX_OTLP_GRPC_PORT must be a port, "off", or "auto", not "${wrong}".`),
    )
})
