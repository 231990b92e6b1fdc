/** Between `LoggedEvent` and the JSON that readers get. */
import type { LoggedEvent, StoredEvent, TenantId } from './event.ts'

const optional = ['run', 'agent', 'task', 'cause', 'trace'] as const

/** JSON text of the `StoredEvent`; `data` is spliced in as stored, not serialised again. */
export function toWire(event: LoggedEvent): string {
  let text = `{"id":"${event.id}","source":${JSON.stringify(event.source)},"type":${JSON.stringify(event.type)},"time":"${new Date(event.time).toISOString()}"`
  for (const name of optional) {
    const value = event[name]
    if (value !== undefined) text += `,"${name}":${JSON.stringify(value)}`
  }
  if (event.seq !== undefined) text += `,"seq":${event.seq}`
  if (event.epoch !== undefined) text += `,"epoch":${event.epoch}`
  return `${text},"data":${event.dataJson},"partition":${event.partition},"position":${event.position},"receivedAt":"${new Date(event.receivedAt).toISOString()}"}`
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
