/** What a WebSocket's path says to who asks for no WebSocket, and how /openapi.json names it. */
import { ProblemAnswer } from './problem.ts'
import type { SocketScope } from './upgrades.ts'

const told = {
  read: {
    operationId: 'live',
    tags: ['live'],
    summary: 'Live feeds over a WebSocket',
    description: 'Where the upgrade carries no key, the first frame does: `{"kind":"auth","key":"sbx_…"}`, within five seconds.',
  },
  ingest: {
    operationId: 'ingestSocket',
    tags: ['ingest'],
    summary: 'Events over a WebSocket',
    description: 'Numbered batches, acknowledged as they are committed.',
  },
} as const satisfies Record<SocketScope, object>

const WebSocketAnswer = { description: 'A WebSocket. Its frames: docs/protocol.md.', type: 'null' } as const

export const webSocketRoute = (scope: SocketScope) => ({
  exposeHeadRoute: false,
  schema: { ...told[scope], response: { 101: WebSocketAnswer, '4xx': ProblemAnswer, '5xx': ProblemAnswer } },
})
