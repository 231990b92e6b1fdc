/** A body for the door of A2A: the first byte picks its content type. */

import { readA2a } from '@signalbox/server/ingest/a2a/a2a.ts'
import { createFirstSeen } from '@signalbox/server/ingest/first-seen.ts'
import { type Target, utf8 } from '../fuzz.ts'
import { doorOracle } from './door.ts'

const types = ['application/json', 'application/x-ndjson', 'text/event-stream'] as const
const now = Date.UTC(2026, 1, 28, 10)
const timestamp = '2026-02-28T09:59:00Z'
const [taskId, contextId] = ['t-1', 'c-1']

const message = {
  messageId: 'm-1',
  contextId,
  taskId,
  role: 'ROLE_AGENT',
  parts: [{ text: 'hi' }, { data: { a: [1] } }],
  referenceTaskIds: ['t-0'],
  metadata: { agent: 'x' },
}
const artifact = { artifactId: 'a-1', name: 'answer', parts: [{ text: 'y'.repeat(3_000) }] }
const task = {
  id: taskId,
  contextId,
  status: { state: 'TASK_STATE_WORKING', timestamp, message },
  history: [{ ...message, role: 'ROLE_USER' }],
  artifacts: [artifact],
  metadata: { k: 1 },
}
const samples = [
  { task },
  { statusUpdate: { taskId, contextId, status: { state: 3, timestamp } } },
  { artifact_update: { task_id: taskId, context_id: contextId, artifact, append: true, last_chunk: true } },
  { message },
  { kind: 'status-update', taskId, contextId, final: true, status: { state: 'input-required' } },
  { jsonrpc: '2.0', id: 1, result: { kind: 'task', ...task } },
  { jsonrpc: '2.0', id: 2, method: 'message/send', params: { message } },
  { jsonrpc: '2.0', id: 3, method: 'tasks/cancel', params: { id: taskId } },
  { jsonrpc: '2.0', id: 4, error: { code: -32_001, message: 'no' } },
  { tasks: [task, task] },
  { other: { token: 'x' } },
]

export const a2a: Target = {
  name: 'a2a',
  expects: ['taken', 'some refused', 'refused', 'MALFORMED_JSON'],
  seeds() {
    const texts = samples.map((sample) => JSON.stringify(sample))
    const as = (pick: number, body: string) => Buffer.concat([Buffer.from([pick]), utf8(body)])
    return [
      ...texts.map((text) => as(0, text)),
      as(0, `[${texts.join(',')}]`),
      as(1, `${texts.join('\n')}\n{\n7`),
      as(2, texts.map((text) => `id: 1\ndata: ${text}`).join('\n\n')),
    ]
  },
  check(input) {
    const body = Buffer.from(input.subarray(1))
    return doorOracle(() => {
      const seen = createFirstSeen()
      return readA2a(body, types[(input[0] ?? 0) % 3] ?? '', { agent: undefined, client: 'c', now, seen, mostItems: 1_000 })
    })
  },
}
