/** A generator for the doors of other tools' formats, a process of its own: sends as fast as it is answered. Prints one line of JSON. */
import { createIdSource } from '@signalbox/model/ids.ts'
import { a2a } from './doors/a2a.ts'
import { claudeCode } from './doors/claude-code.ts'
import { cloudevents } from './doors/cloudevents.ts'
import type { DoorRequests } from './doors/door-request.ts'
import { openAiAgents } from './doors/openai-agents.ts'
import { webhook } from './doors/webhook.ts'

const doors: Readonly<Record<string, DoorRequests>> = {
  cloudevents,
  a2a,
  webhook,
  'openai-agents': openAiAgents,
  'claude-code': claudeCode,
}
const senders = 16

const [door = '', url = '', seconds, batch] = process.argv.slice(2)
const requests = doors[door]
if (requests === undefined) throw new Error(`There is no door "${door}"; there are ${Object.keys(doors).join(', ')}.`)
const durationMs = Number(seconds) * 1_000
const nextId = createIdSource(Date.now)
const startedAt = performance.now()
let acknowledged = 0
let refused = 0

async function send(makeRequest: ReturnType<DoorRequests>) {
  while (performance.now() - startedAt < durationMs) {
    const { path, headers, body, events, isCounted = true } = makeRequest(Number(batch))
    const response = await fetch(`${url}${path}`, { method: 'POST', headers, body })
    const { accepted = 0 } = (await response.json()) as { accepted?: number }
    const taken = isCounted ? accepted : response.ok ? events : 0
    // Some tell of their agents besides.
    acknowledged += isCounted ? taken : events
    refused += Math.max(0, events - taken)
  }
}

await Promise.all(Array.from({ length: senders }, (_, sender) => send(requests(nextId, sender))))
console.log(JSON.stringify({ acknowledged, refused, perSecond: Math.round(acknowledged / ((performance.now() - startedAt) / 1_000)) }))
