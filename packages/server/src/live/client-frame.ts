/** What a WebSocket client may say, checked once. */
import type { ClientFrame } from '@signalbox/model/live.ts'
import { isFilter } from './query.ts'

/** What is wrong with a frame, in a sentence. With a `ref` it is that of one subscription only; else the peer does not speak the protocol. */
export interface BadFrame {
  readonly kind: 'bad'
  readonly ref?: string
  readonly message: string
}

const isText = (value: unknown, most: number): value is string => typeof value === 'string' && value.length > 0 && value.length <= most
const bad = (message: string): BadFrame => ({ kind: 'bad', message })

export function parseClientFrame(text: string): ClientFrame | BadFrame {
  let frame: unknown
  try {
    frame = JSON.parse(text)
  } catch {
    return bad('A frame is not JSON.')
  }
  return typeof frame === 'object' && frame !== null ? checkClientFrame(frame) : bad('A frame must be an object.')
}

export function checkClientFrame(frame: object): ClientFrame | BadFrame {
  const { kind, key, bytes, sub, ref, feed, filter = {}, cursor, from } = frame as Record<string, unknown>
  switch (kind) {
    case 'auth':
      return isText(key, 200) ? { kind, key } : bad('auth needs key: a text of at most 200 characters.')
    case 'ping':
      return { kind }
    case 'ack':
      return Number.isSafeInteger(bytes) && Number(bytes) >= 0 ? { kind, bytes: Number(bytes) } : bad('ack needs bytes: a whole number.')
    case 'unsubscribe':
      return isText(sub, 256) ? { kind, sub } : bad('unsubscribe needs sub: a text.')
    case 'subscribe': {
      if (!isText(ref, 1_400)) return bad('subscribe needs ref: a text of at most 1,400 characters.')
      const refused = (message: string): BadFrame => ({ kind: 'bad', ref, message })
      if (feed !== 'events' && feed !== 'state') return refused('subscribe needs feed: "events" or "state".')
      if (!isFilter(filter))
        return refused(
          'filter takes run, agent, task (texts of at most 256 printable characters) and type (130), each a list of at most 100.',
        )
      if (cursor !== undefined && !isText(cursor, 1_400)) return refused('cursor must be a text.')
      if (from !== undefined && from !== 'start') return refused('from is "start" or absent.')
      return { kind, ref, feed, filter, ...(cursor === undefined ? {} : { cursor }), ...(from === undefined ? {} : { from }) }
    }
    default:
      return bad('The kinds of frames are auth, subscribe, unsubscribe, ack and ping.')
  }
}
