/** What a WebSocket client may say, checked once. */
import type { ClientFrame, Filter } from '@signalbox/model/live.ts'

const mostValues = 100
const isText = (value: unknown, most: number): value is string => typeof value === 'string' && value.length > 0 && value.length <= most
const isFilter = (value: unknown): value is Filter =>
  typeof value === 'object' &&
  value !== null &&
  (['run', 'agent', 'type', 'task'] as const).every((name) => {
    const list = (value as Record<string, unknown>)[name]
    return list === undefined || (Array.isArray(list) && list.length <= mostValues && list.every((item) => isText(item, 256)))
  })

/** The frame, or what is wrong with it in a sentence. */
export function parseClientFrame(text: string): ClientFrame | string {
  let frame: unknown
  try {
    frame = JSON.parse(text)
  } catch {
    return 'A frame is not JSON.'
  }
  if (typeof frame !== 'object' || frame === null) return 'A frame must be an object.'
  const { kind, bytes, sub, ref, feed, filter = {}, cursor, from } = frame as Record<string, unknown>
  switch (kind) {
    case 'ping':
      return { kind }
    case 'ack':
      return Number.isSafeInteger(bytes) && Number(bytes) >= 0 ? { kind, bytes: Number(bytes) } : 'ack needs bytes: a whole number.'
    case 'unsubscribe':
      return isText(sub, 256) ? { kind, sub } : 'unsubscribe needs sub: a text.'
    case 'subscribe':
      if (!isText(ref, 1_400)) return 'subscribe needs ref: a text of at most 1,400 characters.'
      if (feed !== 'events' && feed !== 'state') return 'subscribe needs feed: "events" or "state".'
      if (!isFilter(filter)) return 'filter takes run, agent, type and task, each a list of at most 100 texts.'
      if (cursor !== undefined && !isText(cursor, 1_400)) return 'cursor must be a text.'
      if (from !== undefined && from !== 'start') return 'from is "start" or absent.'
      return { kind, ref, feed, filter, ...(cursor === undefined ? {} : { cursor }), ...(from === undefined ? {} : { from }) }
    default:
      return 'The kinds of frames are subscribe, unsubscribe, ack and ping.'
  }
}
