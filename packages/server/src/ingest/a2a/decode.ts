/** From a body to its items: JSON, an array of it, one a line, or the transcript of a stream of server-sent events. */
import { isUtf8 } from 'node:buffer'
import { Refused } from '../../http/problem.ts'
import { parseJson } from '../body.ts'
import type { RawItem } from '../receive.ts'

function itemOf(text: string): RawItem {
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    return { malformed: text }
  }
}

/** The data of each event; comments, names and ids of events are of the transport. */
function sseData(text: string): readonly string[] {
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
  const isStream = /event-stream/.test(contentType)
  if (isStream || /ndjson|jsonl|json-lines/.test(contentType)) {
    if (!isUtf8(body)) throw new Refused({ code: 'MALFORMED_JSON', detail: 'The body is not UTF-8.' })
    const text = body.toString()
    return (isStream ? sseData(text) : text.split('\n').filter((line) => line.trim() !== '')).map(itemOf)
  }
  const value = parseJson(body)
  return Array.isArray(value) ? value.map((one: unknown) => ({ value: one })) : [{ value }]
}
