/** Bodies of webhooks for the mappings that the documents offer, and mappings themselves: the first byte says which. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CannotStart } from '@signalbox/server/config.ts'
import { createFirstSeen } from '@signalbox/server/ingest/first-seen.ts'
import { compileWebhooks } from '@signalbox/server/ingest/webhook/config.ts'
import { alerts, jiraIssue, linearIssue, workflowJob, workflowRun } from '@signalbox/server/ingest/webhook/payloads.testing.ts'
import { readWebhook } from '@signalbox/server/ingest/webhook/webhook.ts'
import { must, type Target, utf8 } from '../fuzz.ts'
import { doorOracle } from './door.ts'

const examples = readFileSync(join(import.meta.dirname, '../../../docs/doors/webhooks.example.json'), 'utf8')
const secrets = { GITHUB_WEBHOOK_SECRET: 'x', LINEAR_WEBHOOK_SECRET: 'x' }
const webhooks = compileWebhooks(JSON.parse(examples), secrets, 'examples')
const names = [...webhooks.keys()]
const events = ['workflow_run', 'workflow_job'] as const
const now = Date.now()

export const webhook: Target = {
  name: 'webhook',
  expects: ['taken', 'nothing', 'refused', 'MALFORMED_JSON', 'a mapping', 'no mapping'],
  seeds() {
    const of = (name: string, value: unknown, event = 0) =>
      Buffer.concat([Buffer.from([names.indexOf(name) + event * names.length]), utf8(JSON.stringify(value))])
    return [
      of('github', workflowRun('completed', 'failure')),
      of('github', workflowJob('in_progress', null), 1),
      of('linear', linearIssue('update', 'started', 1)),
      of('jira', jiraIssue('updated', 'done', 1)),
      of('alertmanager', alerts({ status: 'firing', name: 'Slow' }, { status: 'resolved', name: 'Down', agent: 'w' })),
      of('alertmanager', { alerts: [] }),
      of('plain', [{ a: 1 }, 'text', null, [[]]]),
      of('plain', JSON.parse('{"__proto__":{"a":1}}')),
      Buffer.concat([Buffer.from([255]), utf8(examples)]),
      Buffer.concat([
        Buffer.from([255]),
        utf8(
          JSON.stringify({
            a: { items: '/x', events: [{ type: ['{/a~1b}', { of: '{{{/b}}}', table: { '1': 'log' }, else: '{header.x}' }] }] },
          }),
        ),
      ]),
    ]
  },
  check(input) {
    const pick = input[0] ?? 0
    const body = Buffer.from(input.subarray(1))
    if (pick === 255) return mapping(body)
    const one = webhooks.get(names[pick % names.length] ?? '')
    if (one === undefined) throw new Error('There is no such example.')
    const headers = { 'x-github-event': events[Math.trunc(pick / names.length) % events.length] }
    return doorOracle(() => readWebhook(one, body, headers, { tenant: 'default', now, firstSeen: createFirstSeen(), mostItems: 1_000 }))
  },
}

/** A mapping that is wrong ends the start by name; one that is right reads anything. */
function mapping(text: Buffer): string {
  try {
    const value: unknown = JSON.parse(text.toString())
    for (const one of compileWebhooks(value, secrets, 'fuzz').values())
      doorOracle(() => readWebhook(one, text, {}, { tenant: 'default', now, firstSeen: createFirstSeen(), mostItems: 1_000 }))
    return 'a mapping'
  } catch (error) {
    if (error instanceof SyntaxError) return 'no JSON'
    if (!(error instanceof CannotStart)) throw error
    must(error.message.length < 3_000, 'the message is short')
    return 'no mapping'
  }
}
