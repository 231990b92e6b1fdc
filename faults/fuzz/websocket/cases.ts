/** What RFC 6455 says of frames, case by case, and how the connection must end. */
import { frame } from './raw.ts'

/** One of the doors that these are tried on. */
export interface Door {
  readonly path: string
  /** A message that is answered, as text; it holds a letter of two bytes. */
  readonly message: string
  readonly isAnswer: (text: string) => boolean
}

/** `answered`: the door answers and stays open. A number: the close code. `closed`: a close frame without a code. */
export type Ends = 'answered' | 'closed' | number

export interface Case {
  readonly name: string
  readonly ends: Ends
  /** Written one after the other. */
  readonly bytes: (door: Door) => readonly Uint8Array[]
  /** Payloads of pongs, in order. */
  readonly pongs?: readonly string[]
}

const [continuation, text, binary, close, ping, pong] = [0, 1, 2, 8, 9, 10]
const protocol = 1002
const notUtf8 = 1007
const tooBig = 1009
/** Of the doors themselves: model/live.ts. */
const notOurs = 4010
/** The server's largest message in these tests. */
export const maxBytes = 300_000

const whole = (door: Door) => frame({ opcode: text, payload: door.message })
const inParts = ({ message }: Door, between: Uint8Array = Buffer.alloc(0)) => {
  const bytes = Buffer.from(message)
  // In the middle of a letter.
  const at = bytes.indexOf('é') + 1
  return [
    frame({ opcode: text, payload: bytes.subarray(0, 5), fin: false }),
    frame({ opcode: continuation, payload: bytes.subarray(5, at), fin: false }),
    between,
    frame({ opcode: continuation, payload: bytes.subarray(at) }),
  ]
}
const closing = (code: number, reason: Uint8Array | string = '') =>
  frame({ opcode: close, payload: Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason as string)]) })
const one = (name: string, ends: Ends, bits: Parameters<typeof frame>[0], more: Partial<Case> = {}): Case => ({
  name,
  ends,
  bytes: (door) => (ends === 'answered' ? [frame(bits), whole(door)] : [frame(bits)]),
  ...more,
})
const bytewise = (bytes: Uint8Array) => Array.from(bytes, (byte) => Uint8Array.of(byte))
const broken = Buffer.from([0x61, 0xc3, 0x28])

const messages: readonly Case[] = [
  { name: 'a message in one frame', ends: 'answered', bytes: (door) => [whole(door)] },
  { name: 'a message in fragments, cut within a letter', ends: 'answered', bytes: (door) => inParts(door) },
  {
    name: 'a ping between fragments',
    ends: 'answered',
    bytes: (door) => inParts(door, frame({ opcode: ping, payload: 'between' })),
    pongs: ['between'],
  },
  { name: 'a pong between fragments', ends: 'answered', bytes: (door) => inParts(door, frame({ opcode: pong, payload: 'x' })) },
  { name: 'a message a byte at a time', ends: 'answered', bytes: (door) => bytewise(whole(door)) },
  { name: 'fragments a byte at a time', ends: 'answered', bytes: (door) => inParts(door).flatMap(bytewise) },
  { name: 'two frames in one piece', ends: 'answered', bytes: (door) => [Buffer.concat([frame({ opcode: pong }), whole(door)])] },
  { name: 'empty fragments', ends: 'answered', bytes: (door) => emptyFragments(door) },
  one('an empty text', notOurs, { opcode: text }),
  one('an empty binary', notOurs, { opcode: binary }),
  one('text that is no JSON', notOurs, { opcode: text, payload: 'hello' }),
  one('binary that is no UTF-8', notOurs, { opcode: binary, payload: broken }),
]
const emptyFragments = (door: Door) => [
  frame({ opcode: text, fin: false }),
  frame({ opcode: continuation, fin: false }),
  frame({ opcode: continuation, payload: door.message }),
]

const framing: readonly Case[] = [
  one('an unmasked frame', protocol, { opcode: text, payload: '{}', masked: false }),
  one('an unmasked ping', protocol, { opcode: ping, masked: false }),
  ...[1, 2, 3, 4, 5, 6, 7].map((rsv) => one(`reserved bits ${rsv}`, protocol, { opcode: text, payload: '{}', rsv })),
  one('reserved bits on a ping', protocol, { opcode: ping, rsv: 4 }),
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => one(`opcode ${opcode}`, protocol, { opcode })),
  one('a continuation of nothing', protocol, { opcode: continuation, payload: '{}' }),
  { name: 'a new message among fragments', ends: protocol, bytes: (door) => [...inParts(door).slice(0, 2), whole(door)] },
  { name: 'a continuation after the end', ends: protocol, bytes: () => [frame({ opcode: pong }), frame({ opcode: continuation })] },
]

const utf8: readonly Case[] = [
  one('text that is no UTF-8', notUtf8, { opcode: text, payload: broken }),
  one('a surrogate in text', notUtf8, { opcode: text, payload: Buffer.from([0xed, 0xa0, 0x80]) }),
  one('a letter that is cut off', notUtf8, { opcode: text, payload: Buffer.from([0xe2, 0x82]) }),
  one('beyond Unicode', notUtf8, { opcode: text, payload: Buffer.from([0xf4, 0x90, 0x80, 0x80]) }),
  {
    name: 'no UTF-8 over two fragments',
    ends: notUtf8,
    bytes: () => [
      frame({ opcode: text, payload: broken.subarray(0, 2), fin: false }),
      frame({ opcode: continuation, payload: broken.subarray(2) }),
    ],
  },
]

const control: readonly Case[] = [
  one('a ping', 'answered', { opcode: ping, payload: 'hi' }, { pongs: ['hi'] }),
  one('an empty ping', 'answered', { opcode: ping }, { pongs: [''] }),
  one('a ping of 125 bytes', 'answered', { opcode: ping, payload: 'x'.repeat(125) }, { pongs: ['x'.repeat(125)] }),
  one('a ping of 126 bytes', protocol, { opcode: ping, payload: 'x'.repeat(126) }),
  one('a ping in fragments', protocol, { opcode: ping, payload: 'x', fin: false }),
  one('a pong that nobody asked for', 'answered', { opcode: pong, payload: 'x' }),
  one('a pong of 126 bytes', protocol, { opcode: pong, payload: 'x'.repeat(126) }),
  {
    name: 'ten pings at once',
    ends: 'answered',
    bytes: (door) => [Buffer.concat(Array.from({ length: 10 }, (_, n) => frame({ opcode: ping, payload: `${n}` }))), whole(door)],
    pongs: Array.from({ length: 10 }, (_, n) => `${n}`),
  },
]

const validCodes = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]
const wrongCodes = [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535]
const closings: readonly Case[] = [
  one('a close without a code', 'closed', { opcode: close }),
  one('a close of one byte', protocol, { opcode: close, payload: 'x' }),
  one('a close of 126 bytes', protocol, { opcode: close, payload: 'x'.repeat(126) }),
  one('a close in fragments', protocol, { opcode: close, payload: Buffer.from([3, 232]), fin: false }),
  ...validCodes.map((code): Case => ({ name: `close ${code}`, ends: code, bytes: () => [closing(code, 'bye')] })),
  ...wrongCodes.map((code): Case => ({ name: `close ${code}`, ends: protocol, bytes: () => [closing(code)] })),
  { name: 'a reason that is no UTF-8', ends: notUtf8, bytes: () => [closing(1000, broken)] },
  { name: 'a reason of 123 bytes', ends: 1000, bytes: () => [closing(1000, 'x'.repeat(123))] },
  { name: 'what comes after a close', ends: 1000, bytes: (door) => [Buffer.concat([closing(1000), frame({ opcode: ping }), whole(door)])] },
]

const sizes: readonly Case[] = [
  one('a length of 2^63', tooBig, { opcode: text, length: 2n ** 63n }),
  one('a length of 2^63 - 1', tooBig, { opcode: binary, length: 2n ** 63n - 1n }),
  one('a length of 2^32', tooBig, { opcode: binary, length: 2n ** 32n }),
  one('a length one too large', tooBig, { opcode: text, length: BigInt(maxBytes) + 1n }),
  one('a message of the largest size', notOurs, { opcode: text, payload: ' '.repeat(maxBytes) }),
  {
    name: 'fragments that are too large together',
    ends: tooBig,
    bytes: () => [
      frame({ opcode: text, payload: ' '.repeat(maxBytes / 2), fin: false }),
      frame({ opcode: continuation, payload: ' '.repeat(maxBytes / 2), fin: false }),
      frame({ opcode: continuation, payload: ' ' }),
    ],
  },
]

export const cases: readonly Case[] = [...messages, ...framing, ...utf8, ...control, ...closings, ...sizes]
