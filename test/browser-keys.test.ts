/** The control room of a server with keys: as live as without, and at an end when the key is. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { visits } from './browser.ts'
import { startServerWithKeys, type TestServer } from './server.ts'

const visit = visits()
const expected = /40[13]|WebSocket/

const says = (page: Page, words: string) => page.getByTestId('connection').getByText(words, { exact: true }).waitFor()

async function enter(page: Page, key: string) {
  await page.getByLabel('Read key').fill(key)
  await page.keyboard.press('Enter')
}
async function connections(server: TestServer, key: string) {
  const response = await fetch(`${server.url}/metrics`, { headers: { authorization: `Bearer ${key}` } })
  const found = [...(await response.text()).matchAll(/^signalbox_live_clients\{[^}]*transport="(\w+)"[^}]*\} (\d+)$/gm)]
  return Object.fromEntries(found.flatMap(([, transport = '', count]) => (count === '0' ? [] : [[transport, Number(count)]])))
}
const revoke = (server: TestServer, key: string) =>
  promisify(execFile)(
    process.execPath,
    [join(import.meta.dirname, '../packages/cli/src/main.ts'), 'keys', 'revoke', key.split('_')[1] ?? ''],
    { env: { ...process.env, SIGNALBOX_DATA: server.data } },
  )

/** What the tabs of a key say to each other from now on. */
async function overheard(page: Page, key: string): Promise<() => Promise<string[]>> {
  const [worker] = page.workers()
  if (worker === undefined) throw new Error('The page has no worker.')
  const heard = await page.evaluateHandle(
    async ([path, held]) => {
      const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(`${path} ${held}`)))
      const name = [...hash.subarray(0, 12)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
      const messages: string[] = []
      new BroadcastChannel(`signalbox.live.${name}`).onmessage = ({ data }) => messages.push(JSON.stringify(data))
      return messages
    },
    [new URL(worker.url()).pathname, key] as const,
  )
  return () => heard.evaluate((messages) => messages)
}

test('with a key two tabs share one WebSocket; a key that is none, and one that is revoked, are said to be', async () => {
  const { server, read, ingest } = await startServerWithKeys()
  onTestFinished(() => server[Symbol.asyncDispose]())
  const say = async (agent: string) => {
    const event = { source: 'test', type: 'agent.started', time: new Date().toISOString(), agent }
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${ingest}` }
    expect((await fetch(`${server.url}/v1/events`, { method: 'POST', headers, body: JSON.stringify([event]) })).status).toBe(200)
  }

  const first = await visit(server.url, { expected })
  await says(first, 'unauthorised')
  // As a key that was kept and is another server's.
  await first.evaluate(() => sessionStorage.setItem('signalbox.key', 'sbx_00_00_00000000'))
  await first.reload()
  await says(first, 'unauthorised')
  await enter(first, `${read.slice(0, -8)}00000000`)
  await first.getByText('The server does not know this key').waitFor()
  await enter(first, read)
  await says(first, 'live · WebSocket')

  const messages = await overheard(first, read)
  const second = await first.context().newPage()
  await second.goto(server.url)
  await enter(second, read)
  await says(second, 'live · via another tab')
  await say('seen by both')
  for (const page of [first, second]) await page.getByRole('button', { name: /^seen by both/ }).waitFor()
  await expect.poll(() => connections(server, read)).toEqual({ websocket: 1 })
  await expect.poll(async () => (await messages()).some((text) => text.includes('seen by both'))).toBe(true)
  const [, , secret = ''] = read.split('_')
  expect((await messages()).filter((text) => text.includes(secret))).toEqual([])

  await revoke(server, read)
  for (const page of [first, second]) await says(page, 'unauthorised')
}, 120_000)
