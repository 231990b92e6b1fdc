/** Groups of alerts, as Alertmanager sends them, to the webhook of that name in webhooks.json beside it. */
import type { DoorRequests } from './door-request.ts'

export const webhook: DoorRequests = (nextId, sender) => (count) => ({
  path: '/v1/webhooks/alertmanager',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    version: '4',
    groupKey: `{}:{sender="${sender}"}`,
    status: 'firing',
    alerts: Array.from({ length: count }, (_, i) => ({
      status: 'firing',
      labels: { alertname: 'Slow', agent: `worker-${(i + sender) % 50}`, run: `run-${sender}-${i % 10}`, severity: 'page' },
      annotations: { summary: 'the agent read a file, changed two lines and ran the tests again before it answered' },
      startsAt: new Date().toISOString(),
      endsAt: '0001-01-01T00:00:00Z',
      generatorURL: 'http://prometheus.example.com/graph?g0.expr=slow',
      fingerprint: nextId(),
    })),
  }),
  events: count,
})
