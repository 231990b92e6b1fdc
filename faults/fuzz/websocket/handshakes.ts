/** Handshakes that are not as they must be, with the status that each is answered, and those that are as they may be (101). */
import type { Handshake } from './raw.ts'

export interface HandshakeCase extends Handshake {
  readonly name: string
  readonly status: number
  /** In the answer's head. */
  readonly says?: RegExp
  readonly path?: string
}

const headers = (more: Handshake['headers']) => ({ headers: more ?? {} })

export const handshakes: readonly HandshakeCase[] = [
  { name: 'as it must be', status: 101, says: /^sec-websocket-accept: /im },
  { name: 'header values in other cases', status: 101, ...headers({ Upgrade: 'WebSocket', Connection: 'keep-alive, UPGRADE' }) },
  {
    name: 'compression is offered',
    status: 101,
    says: /^(?![\s\S]*sec-websocket-extensions)/i,
    ...headers({ 'Sec-WebSocket-Extensions': 'permessage-deflate' }),
  },
  {
    name: 'a subprotocol of ours among others',
    status: 101,
    says: /^sec-websocket-protocol: signalbox\.json\r$/im,
    ...headers({ 'Sec-WebSocket-Protocol': 'mqtt, signalbox.json, signalbox.msgpack' }),
  },
  { name: 'none of our subprotocols', status: 400, ...headers({ 'Sec-WebSocket-Protocol': 'mqtt, soap' }) },
  { name: 'subprotocols that are no list', status: 400, ...headers({ 'Sec-WebSocket-Protocol': 'signalbox.json signalbox.json' }) },
  { name: 'no key', status: 400, ...headers({ 'Sec-WebSocket-Key': undefined }) },
  { name: 'an empty key', status: 400, ...headers({ 'Sec-WebSocket-Key': '' }) },
  { name: 'a key of 15 bytes', status: 400, ...headers({ 'Sec-WebSocket-Key': Buffer.alloc(15).toString('base64') }) },
  { name: 'a key that is no base64', status: 400, ...headers({ 'Sec-WebSocket-Key': '!'.repeat(24) }) },
  { name: 'no version', status: 400, ...headers({ 'Sec-WebSocket-Version': undefined }) },
  { name: 'version 12', status: 400, says: /^sec-websocket-version: 13/im, ...headers({ 'Sec-WebSocket-Version': '12' }) },
  { name: 'version 99', status: 400, says: /^sec-websocket-version: 13/im, ...headers({ 'Sec-WebSocket-Version': '99' }) },
  { name: 'a POST', status: 405, method: 'POST', ...headers({ 'Content-Length': '0' }) },
  { name: 'another protocol', status: 400, ...headers({ Upgrade: 'h2c' }) },
  { name: 'no upgrade', status: 426, ...headers({ Upgrade: undefined, Connection: 'close' }) },
  { name: 'a page of another site', status: 403, ...headers({ Origin: 'https://evil.example' }) },
  { name: 'another host', status: 403, ...headers({ Host: 'evil.example' }) },
  { name: 'no host', status: 403, ...headers({ Host: undefined }) },
  { name: 'another path', status: 404, path: '/v1/nowhere' },
  { name: 'a path that cannot be decoded', status: 404, path: '/v1/%zz' },
  { name: 'a head without end', status: 400, ...headers({ 'X-Long': 'x'.repeat(20_000) }) },
]
