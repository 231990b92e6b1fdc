/** Hooks of Claude Code, with what may happen behind their door and beside it. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { claudeCode } from '@signalbox/cli/import/claude-code.ts'
import type { StoredEvent } from '@signalbox/model/event.ts'
import { agent, explorer, hook, run, sendHook, session, story } from '@signalbox/server/ingest/claude-code/hooks.testing.ts'
import { createKeys } from '@signalbox/server/ops/auth.ts'
import { poolOf } from '@signalbox/server/store/testing.ts'
import { expect, onTestFinished, test } from 'vitest'
import { isStopped, signal, stopFamily } from '../faults/inject/processes.ts'
import { getJson, sendEvents, startServer, type TestServer } from './server.ts'

const hooks = 200

interface Run {
  readonly agents: readonly string[]
  readonly totals: Readonly<Record<string, number>>
}

async function keyOf({ data }: TestServer): Promise<string> {
  const { url } = JSON.parse(await readFile(join(data, 'connection.json'), 'utf8')) as { readonly url: string }
  const pool = poolOf(url, 1)
  const { key } = await createKeys(pool).create('agent', ['ingest'])
  await pool.end()
  return key
}

const prompts = async ({ url }: TestServer) => {
  const path = `/v1/events?run=${encodeURIComponent(run)}&type=message.sent&order=asc&limit=1000`
  const { items } = await getJson<{ items: StoredEvent[] }>(url + path)
  return items.map(({ data }) => data.text)
}

test(`${hooks} hooks are answered while PostgreSQL stands still, then stored in order, each once`, async () => {
  const server = await startServer({ SIGNALBOX_DRAIN_MS: '1000' })
  onTestFinished(() => server[Symbol.asyncDispose]())
  const authorization = `Bearer ${await keyOf(server)}`
  const tell = (n: number) => sendHook(server.url, hook('UserPromptSubmit', { prompt: `p${n}` }), n % 2 === 0 ? { authorization } : {})
  expect([await tell(0), await tell(1)]).toEqual(Array(2).fill({ status: 200, body: {} }))
  await expect.poll(() => prompts(server)).toEqual(['p0', 'p1'])

  const pid = Number((await readFile(join(server.data, 'postgres/postmaster.pid'), 'utf8')).split('\n')[0])
  const stopped = await stopFamily(pid)
  const answers = []
  try {
    for (let n = 2; n < hooks; n += 1) answers.push(await tell(n))
    expect(stopped.every(isStopped)).toBe(true)
  } finally {
    for (const one of stopped) signal(one, 'SIGCONT')
  }
  expect(answers).toEqual(Array(hooks - 2).fill({ status: 200, body: {} }))
  await expect.poll(() => prompts(server)).toHaveLength(hooks)
  expect(await prompts(server)).toEqual(Array.from({ length: hooks }, (_, n) => `p${n}`))
})

test('hooks and the transcripts of one session are one run, its agents and its calls, each counted once', async () => {
  const server = await startServer()
  onTestFinished(() => server[Symbol.asyncDispose]())
  for (const body of story) expect(await sendHook(server.url, body)).toEqual({ status: 200, body: {} })
  const read = <T>(path: string) => getJson<T>(`${server.url}/v1/runs/${encodeURIComponent(run)}${path}`)
  await expect.poll(() => read('').catch(() => undefined)).toMatchObject({ state: 'finished' })
  const before = await read<Run>('')
  let second = 0
  const line = (type: string, message: object, more: object = {}) => {
    second += 1
    const timestamp = new Date(Date.now() - 60_000 + second * 1_000).toISOString()
    return JSON.stringify({ type, sessionId: session, uuid: `u${second}`, timestamp, cwd: '/home/a/spotter', message, ...more })
  }
  const use = (id: string, name: string) => ({
    id: 'm',
    content: [{ type: 'tool_use', id, name, input: {} }],
    usage: { input_tokens: 5, output_tokens: 1 },
  })
  const result = (id: string) => ({ content: [{ type: 'tool_result', tool_use_id: id, content: 'ok' }] })
  const own = { agentId: explorer.agent_id }
  const { events } = claudeCode([
    {
      path: 's.jsonl',
      text: [
        line('assistant', use('toolu_1', 'Bash'), { requestId: 'req_1' }),
        line('assistant', use('toolu_2', 'Agent'), { requestId: 'req_1' }),
        line('user', result('toolu_2'), { toolUseResult: own }),
      ].join('\n'),
    },
    { path: 'agent.jsonl', text: line('assistant', use('toolu_3', 'WebFetch'), { requestId: 'req_2', ...own }) },
  ])
  await sendEvents(server, events)
  const after = await read<Run>('')
  expect(after.agents.toSorted()).toEqual(before.agents.toSorted())
  expect(after.totals).toMatchObject({ toolCalls: before.totals.toolCalls, llmCalls: 2, inputTokens: 10, outputTokens: 2 })
  const { items } = await getJson<{ items: { id: string; assignee: string }[] }>(`${server.url}/v1/tasks?run=${encodeURIComponent(run)}`)
  expect(items.map(({ id, assignee }) => [id, assignee])).toEqual([['toolu_2', agent(explorer.agent_id)]])
})
