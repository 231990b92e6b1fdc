/** A generator for the doors of other tools' formats, a process of its own: sends as fast as it is answered. Prints one line of JSON. */
import { createIdSource } from '@signalbox/model/ids.ts'
import { a2a } from './doors/a2a.ts'
import { claudeCode } from './doors/claude-code.ts'
import { cloudevents } from './doors/cloudevents.ts'
import type { DoorRequests } from './doors/door-request.ts'
import { openAiAgents } from './doors/openai-agents.ts'
import { webhook } from './doors/webhook.ts'
import { openPost } from './post.ts'
import { prepared } from './prepared.ts'
import { type Sender, sendAll } from './senders.ts'

const doors: Readonly<Record<string, DoorRequests>> = {
  cloudevents,
  a2a,
  webhook,
  'openai-agents': openAiAgents,
  'claude-code': claudeCode,
}
const senders = 16
/** Events a second that no server here takes, in requests of many and of one. */
const mostOf = (eventsEach: number) => (eventsEach > 1 ? 48_000 : 8_000)

const [door = '', url = '', seconds, batch] = process.argv.slice(2)
const makeRequests = doors[door]
if (makeRequests === undefined) throw new Error(`There is no door "${door}"; there are ${Object.keys(doors).join(', ')}.`)
const durationMs = Number(seconds) * 1_000
const nextId = createIdSource(Date.now)
let acknowledged = 0
let refused = 0

const open: Sender = async (sender) => {
  const post = await openPost(url)
  const makeRequest = makeRequests(nextId, sender)
  // Told by another maker's: one of its own that is not sent would be the start of a call that only ends.
  const eventsEach = makeRequests(nextId, sender)(Number(batch)).events
  const nextRequest = prepared(() => makeRequest(Number(batch)), (mostOf(eventsEach) * durationMs) / 1_000 / eventsEach / senders)
  return async (startedAt) => {
    while (performance.now() - startedAt < durationMs) {
      const { path, headers, body, events, isCounted = true } = nextRequest()
      const { status, body: answer } = await post(path, headers, body)
      const { accepted = 0 } = JSON.parse(answer) as { accepted?: number }
      const taken = isCounted ? accepted : status < 300 ? events : 0
      // Some tell of their agents besides.
      acknowledged += isCounted ? taken : events
      refused += Math.max(0, events - taken)
    }
  }
}

await sendAll(senders, open, () => ({ acknowledged, refused }))
