/** The watcher as a process: on a folder that Claude Code writes, to a server that others read. */
import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StoredEvent } from '@signalbox/model/event.ts'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { getJson, startServer, type TestServer } from '../../../../test/server.ts'
import { nobody, run, start } from '../testing.ts'

let server: TestServer
let home: string
beforeAll(async () => {
  server = await startServer({ SIGNALBOX_DRAIN_MS: '200' })
  home = await mkdtemp(join(tmpdir(), 'signalbox-watch-'))
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(home, { recursive: true, force: true })
})

const began = Date.now() - 3_600_000
let line = 0
const record = (session: string, type: string, message: object, more: object = {}) => {
  line += 1
  const timestamp = new Date(began + line * 1_000).toISOString()
  return `${JSON.stringify({ type, sessionId: session, uuid: `u${line}`, timestamp, cwd: '/home/a/project', slug: 'busy-bee', message, ...more })}\n`
}
const said = (session: string, text: string) => record(session, 'user', { content: text })
const texts = async (session: string) => {
  const path = `/v1/events?run=${encodeURIComponent(`claude-code/${session}`)}&type=message.sent&order=asc&limit=1000`
  return (await getJson<{ items: StoredEvent[] }>(server.url + path)).items.map(({ data }) => data.text)
}
async function folderOf(name: string) {
  const folder = join(home, name, '.claude', 'projects')
  await mkdir(join(folder, 'p'), { recursive: true })
  return { folder, env: { SIGNALBOX_URL: server.url, HOME: join(home, name), XDG_STATE_HOME: join(home, name, 'state') } }
}

test('once: sends what is there, again nothing; an import afterwards adds the end of the recording alone', async () => {
  const { folder, env } = await folderOf('once')
  const answer = { id: 'msg', model: 'opus', usage: { input_tokens: 1, output_tokens: 2 }, content: [{ type: 'text', text: 'Done' }] }
  await writeFile(join(folder, 'p', 's.jsonl'), said('once', 'Go') + record('once', 'assistant', answer, { requestId: 'req' }))
  const first = await run(['watch', 'claude-code', '--once'], env)
  expect(first).toMatchObject({ code: 0, stderr: '' })
  expect(first.stdout).toMatch(/^Sent (\d+) events: \1 stored, 0 there before, 0 refused\.\n$/)
  expect((await run(['watch', 'claude-code', '--once'], env)).stdout).toMatch(/^Sent 0 events/)
  expect(await texts('once')).toEqual(['Go', 'Done'])
  const { stdout } = await run(['import', '--format', 'claude-code', folder], env)
  expect(stdout).toMatch(/Sent \d+ events: 2 stored, /)
})

test('follows: lines and files appear on the server as they are written, until Ctrl-C; then it goes on where it was', async () => {
  const { folder, env } = await folderOf('follow')
  const file = join(folder, 'p', 's.jsonl')
  await writeFile(file, said('follow', 'one'))
  const watching = start(['watch', 'claude-code', folder], env)
  onTestFinished(() => watching.press('SIGKILL'))
  await watching.says(`Following ${folder}`)
  const second = said('follow', 'two')
  await appendFile(file, second.slice(0, 40))
  await appendFile(file, second.slice(40))
  await expect.poll(() => texts('follow')).toEqual(['one', 'two'])
  await mkdir(join(folder, 'q', 'subagents'), { recursive: true })
  await writeFile(join(folder, 'q', 'subagents', 'agent-a1.jsonl'), record('later', 'user', { content: 'a task' }, { agentId: 'a1' }))
  await expect.poll(() => texts('later')).toEqual(['a task'])
  watching.press('SIGINT')
  expect(await watching.done).toMatchObject({ code: 0, stderr: '' })
  await appendFile(file, said('follow', 'three'))
  const again = await run(['watch', 'claude-code', folder, '--once'], env)
  expect(again.stdout).toMatch(/^Sent 1 events: 1 stored, 0 there before, 0 refused\.\n$/)
  expect(await texts('follow')).toEqual(['one', 'two', 'three'])
})

test('without a folder or a server it says so', async () => {
  expect(await run(['watch', 'claude-code', join(home, 'nothing')], {})).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('There is no folder'),
  })
  expect(await run(['watch', 'claude-code', home], { SIGNALBOX_URL: await nobody() })).toMatchObject({ code: 3 })
})
