/** From a body to its items: JSON, an array of it, one a line, or the transcript of a stream of server-sent events. */
import { isUtf8 } from 'node:buffer'
import { Refused } from '../../http/problem.ts'
import type { RawItem } from '../receive.ts'

function itemOf(text: string): RawItem {
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    return { malformed: text }
  }
}

/** The data of each event; comments, names and ids of events are of the transport. */
export function sseData(text: string): readonly string[] {
  const found: string[] = []
  let data: string[] = []
  const end = () => {
    if (data.length > 0) found.push(data.join('\n'))
    data = []
  }
  for (const line of text.split(/\r\n|\r|\n/)) {
    if (line === '') end()
    else if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5))
  }
  end()
  return found
}

/** Throws `Refused` when nothing of the body can be read; what is malformed within a stream costs no other. */
export function decodeA2a(body: Buffer, contentType: string): readonly RawItem[] {
  if (!isUtf8(body)) throw new Refused({ code: 'MALFORMED_JSON', detail: 'The body is not UTF-8.' })
  const text = body.toString()
  if (/event-stream/.test(contentType)) return sseData(text).map(itemOf)
  if (/ndjson|jsonl|json-lines/.test(contentType)) {
    return text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [itemOf(line)]))
  }
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value.map((one: unknown) => ({ value: one })) : [{ value }]
  } catch (error) {
    throw new Refused({ code: 'MALFORMED_JSON', detail: `The body is not JSON: ${(error as Error).message.slice(0, 200)}.` })
  }
}
