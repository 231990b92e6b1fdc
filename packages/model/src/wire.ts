/** Between `LoggedEvent` and the JSON that readers get. */
import type { LoggedEvent, LoggedText, StoredEvent, TenantId } from './event.ts'
import { createRfc3339 } from './rfc3339.ts'

/** Nothing that JSON escapes: then quotes around it are all it needs. */
const plain = /^[^"\\\u0000-\u001f\ud800-\udfff]*$/
const quoted = (text: string): string => (plain.test(text) ? `"${text}"` : JSON.stringify(text))

/** Each kind of time remembers its own second. */
const happened = createRfc3339()
const received = createRfc3339()

/** JSON text of the `StoredEvent`; `data` is spliced in as stored, not serialised again. */
export function toWire(event: LoggedText): string {
  const { run, agent, task, cause, trace } = event
  let text = `{"id":"${event.id}","source":${quoted(event.source)},"type":${quoted(event.type)},"time":"${happened(event.time)}"`
  if (run !== undefined) text += `,"run":${quoted(run)}`
  if (agent !== undefined) text += `,"agent":${quoted(agent)}`
  if (task !== undefined) text += `,"task":${quoted(task)}`
  if (cause !== undefined) text += `,"cause":${quoted(cause)}`
  if (trace !== undefined) text += `,"trace":${quoted(trace)}`
  if (event.seq !== undefined) text += `,"seq":${event.seq}`
  if (event.epoch !== undefined) text += `,"epoch":${event.epoch}`
  return `${text},"data":${event.dataJson},"partition":${event.partition},"position":${event.position},"receivedAt":"${received(event.receivedAt)}"}`
}

export function fromWire(stored: StoredEvent, tenant: TenantId = 'default'): LoggedEvent {
  return {
    ...stored,
    tenant,
    time: Date.parse(stored.time),
    receivedAt: Date.parse(stored.receivedAt),
    dataJson: JSON.stringify(stored.data),
  }
}
