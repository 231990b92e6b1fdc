import { expect, test } from 'vitest'
import { addressesOf, isAllowed } from './allow.ts'

test.each([
  ['127.0.0.1:4400', true],
  ['127.0.0.1:4401', false],
  ['board.example', true],
  ['board.example:4400', true],
  ['board.example:8443', false],
  // Listed with its port, it is taken at that port.
  ['proxy.example:8443', true],
  ['proxy.example:4400', false],
  ['proxy.example', false],
])('Host %s: taken %s', (host, isTaken) => {
  const allowed = addressesOf({ host: '127.0.0.1', port: 4400, allowedHosts: 'board.example, proxy.example:8443', allowedOrigins: '' })
  expect(isAllowed({ host }, allowed) === undefined).toBe(isTaken)
})
