import { codecs } from '@signalbox/model/codecs/codec.ts'
import { expect, test } from 'vitest'
import { frameBytes } from './frame-bytes.ts'

const batch = (...events: readonly string[]) => `{"kind":"batch","n":1,"events":[${events.join(',')}]}`
const beyond = '{"data":{"n":1e400}}'

test.each([
  ['alone', batch(beyond)],
  ['in a frame that goes as text', batch('{"agent":"\\ud800"}', beyond)],
])('a number beyond JSON arrives as one: %s', (_name, text) => {
  expect(codecs.msgpack.decode(frameBytes(codecs.msgpack, text))).toEqual(JSON.parse(text))
})
