/** A unary call of gRPC over a stream of HTTP/2 (grpc's doc/PROTOCOL-HTTP2.md): one message in, one message or a status out. */
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import type { Readable } from 'node:stream'
import type { Clock } from '../../clock.ts'
import { Refused } from '../../http/problem.ts'
import { collect, compressionOf, decompress, unreadable } from '../body.ts'
import type { DoorDeps } from '../door.ts'
import type { Share } from '../in-flight.ts'
import { encodeStatus, rpcCodes, type Status } from './answer.ts'

/** A flag that tells of compression, and the length of the message in four bytes. */
const prefixBytes = 5

interface Reading extends Pick<DoorDeps, 'inFlight' | 'clock' | 'onRefused'> {
  readonly config: { readonly maxBodyBytes: number; readonly bodyTimeoutMs: number }
  readonly share: Share
  /** Told when the message has not come in time: it may never, and so this may not end before the stream does. */
  readonly onLate: (refused: Refused) => void
}

/** The call's message, decompressed, held in the share. Throws `Refused`, of which `onRefused` is told. */
export async function messageOf(stream: Readable, headers: IncomingHttpHeaders, reading: Reading): Promise<Buffer> {
  const { inFlight, share, config, clock, onRefused, onLate } = reading
  const maxBytes = config.maxBodyBytes
  let late: Refused | undefined
  const cancel = clock.after(config.bodyTimeoutMs, () => {
    late = new Refused({ code: 'BODY_TIMEOUT', detail: 'The message did not arrive in time.' })
    onLate(late)
  })
  try {
    const type = headers['content-type'] ?? ''
    if (!/^application\/grpc(\+proto)?(;|$)/.test(type))
      throw new Refused({ code: 'UNSUPPORTED_ENCODING', detail: `The content type is "${type.slice(0, 100)}", not application/grpc.` })
    const sent = await collect(stream.iterator({ destroyOnReturn: false }), 0, (bytes) => {
      if (bytes > maxBytes + prefixBytes)
        throw new Refused({ code: 'BODY_TOO_LARGE', detail: `The message has more than ${maxBytes} bytes.` })
      share.hold(bytes)
    })
    const message = sent.subarray(prefixBytes)
    if (sent.length < prefixBytes || sent.readUInt32BE(1) !== message.length)
      throw new Refused({ code: 'BAD_REQUEST', detail: 'The call must have one message, as long as it says.' })
    if (sent[0] === 0) return message
    const compression = compressionOf(headers['grpc-encoding']?.toString())
    if (compression === undefined)
      throw new Refused({ code: 'BAD_REQUEST', detail: 'The message is compressed, and grpc-encoding does not say how.' })
    return await decompress(message, compression, { maxBytes, inFlight, share })
  } catch (error) {
    const refused = late ?? unreadable(error)
    onRefused(refused.init.code)
    throw refused
  } finally {
    cancel()
  }
}

const answering = { ':status': 200, 'content-type': 'application/grpc+proto', 'grpc-accept-encoding': 'identity,gzip,deflate,zstd' }

export function succeed(stream: ServerHttp2Stream, message: Buffer): void {
  if (stream.destroyed || stream.closed) return
  stream.respond(answering, { waitForTrailers: true })
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(rpcCodes.ok) }))
  const framed = Buffer.alloc(prefixBytes + message.length)
  framed.writeUInt32BE(message.length, 1)
  message.copy(framed, prefixBytes)
  stream.end(framed)
}

/** A sender that goes on after it was refused is cut: not at once, which would take the answer along. */
const lingerMs = 1_000

/** Answers with a status alone. What still comes is dropped as it comes. */
export function refuse(stream: ServerHttp2Stream, status: Status, clock: Clock): void {
  if (stream.destroyed || stream.closed || stream.headersSent) return
  stream.respond(
    {
      ...answering,
      'grpc-status': String(status.rpc),
      'grpc-message': percentEncoded(status.message),
      'grpc-status-details-bin': encodeStatus(status, 'protobuf').toString('base64').replace(/=+$/, ''),
    },
    { endStream: true },
  )
  stream.resume()
  stream.once(
    'close',
    clock.after(lingerMs, () => stream.close(constants.NGHTTP2_NO_ERROR)),
  )
}

/** Longer ones pass what peers take as headers. */
const mostMessageChars = 1_000
const percentEncoded = (text: string): string =>
  text
    .slice(0, mostMessageChars)
    .toWellFormed()
    .replace(/[^ -$&-~]/gu, encodeURIComponent)
