import { createIdSource } from '@signalbox/model/ids.ts'
import { expect, onTestFinished, test } from 'vitest'
import { expectAccessible, journeys } from './browser.ts'
import { startServer, startServerWithKeys } from './server.ts'

const { url, open, visit, send } = journeys({ run: 'fleet run' })

test('space pauses the view, the badge counts what waits, and a link to a paused view opens paused', async () => {
  await send({ type: 'agent.started', agent: 'pausing', data: { role: 'worker', name: 'Pausing' } })
  const page = await open('/')
  const tile = page.getByRole('button', { name: /^Pausing ?, idle/ })
  await tile.waitFor()
  await page.keyboard.press('Space')
  const badge = page.getByTestId('connection')
  await badge.getByText('paused').waitFor()
  expect(new URL(page.url()).searchParams.get('paused')).toBe('true')
  const linked = await visit(page.url())
  await linked.getByTestId('connection').getByText('paused').waitFor()
  await linked.getByRole('button', { name: /^Pausing ?, idle/ }).waitFor()
  await send({ type: 'task.started', agent: 'pausing', task: 'p', data: {} })
  for (const view of [page, linked]) {
    await view
      .getByTestId('connection')
      .getByText(/^[1-9]\d* buffered/)
      .waitFor()
    expect(await view.getByRole('button', { name: /^Pausing ?, idle/ }).count()).toBe(1)
    await view.keyboard.press('Space')
    await view.getByRole('button', { name: /^Pausing ?, busy/ }).waitFor()
    await view.getByTestId('connection').getByText('live · WebSocket').waitFor()
  }
})

test('a server with keys asks for one: a wrong one is refused in a sentence, a right one opens the same address', async () => {
  const { server: locked, read: key, ingest } = await startServerWithKeys()
  onTestFinished(() => locked[Symbol.asyncDispose]())

  const page = await visit(`${locked.url}/?view=table`, { expected: /40[13]|WebSocket/ })
  await page.getByRole('heading', { name: 'This server asks for a key' }).waitFor()
  await page.getByTestId('connection').getByText('unauthorised').waitFor()
  const enter = async (text: string) => {
    await page.getByLabel('Read key').fill(text)
    await page.keyboard.press('Enter')
  }
  await enter('hello')
  await page.getByText('This is no whole key.').waitFor()
  await enter(`${key.slice(0, -8)}00000000`)
  await page.getByText('The server does not know this key').waitFor()
  await enter(ingest)
  await page.getByText('This key may not read.').waitFor()
  await enter(key)
  await page.getByRole('heading', { name: 'Nobody is working yet' }).waitFor()
  await page.getByTestId('connection').getByText('live · WebSocket').waitFor()
  expect(page.url()).toBe(`${locked.url}/?view=table`)

  // What the empty page tells to paste is taken as it stands, with a key that may send.
  const command = (await page.locator('pre', { hasText: 'curl' }).textContent()) ?? ''
  expect(command).toContain(`curl '${locked.url}/v1/events'`)
  expect(command).toContain('Bearer $SIGNALBOX_KEY')
  const body = / -d '(\[.*\])'$/s.exec(command)?.[1]?.replaceAll("'$now'", new Date().toISOString()) ?? ''
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${ingest}` }
  expect(await (await fetch(`${locked.url}/v1/events`, { method: 'POST', headers, body })).json()).toMatchObject({
    accepted: 5,
    refused: [],
  })
  await page.getByRole('row').getByText('Write the docs').waitFor()
  // A server is started twice.
}, 120_000)

test('a task that was handed on is shown by who has it, not by who gave it away', async () => {
  const title = 'Find the leak'
  await send(
    { type: 'task.started', agent: 'giver', task: 'leak', data: { title } },
    { type: 'agent.status', agent: 'giver', data: { status: 'idle' } },
  )
  const page = await open('/?view=table&group=none&q=iver')
  const row = (name: string) => page.getByRole('row').filter({ hasText: name })
  await row('giver').getByText(title).waitFor()
  await send({ type: 'task.assigned', agent: 'giver', task: 'leak', data: { to: 'receiver' } })
  await send({ type: 'task.started', agent: 'receiver', task: 'leak', data: {} })
  await row('receiver').getByText(title).waitFor()
  await row('giver').getByText(title).waitFor({ state: 'detached' })
})

test('what an agent left open when it stopped is not shown as going on', async () => {
  const call = { call: 'dig', name: 'Dig' }
  await send(
    { type: 'task.started', agent: 'digger', task: 'pit', data: { title: 'The pit' } },
    { type: 'tool.started', agent: 'digger', data: call },
  )
  const page = await open('/?view=table&group=none&q=digger&sel=agent:digger')
  const row = page.getByRole('row').filter({ hasText: 'digger' })
  const inspector = page.getByRole('complementary', { name: 'Inspector' })
  await row.getByText('Dig · The pit').waitFor()
  await inspector.getByRole('heading', { name: 'In flight' }).waitFor()
  await send({ type: 'agent.stopped', agent: 'digger' })
  await row.getByText('The pit', { exact: true }).waitFor()
  await inspector.getByRole('heading', { name: 'Orphaned' }).waitFor()
})

test('the table is sorted by its heads, and the order stands in the address', async () => {
  const used = (agent: string, tokens: number) => [
    { type: 'agent.started', agent, data: { role: 'worker', name: agent } },
    { type: 'llm.finished', agent, data: { callId: `call of ${agent}`, model: 'large', usage: { inputTokens: tokens } } },
  ]
  await send(...used('sorted one', 100), ...used('sorted two', 3_000), ...used('sorted three', 20))
  const page = await open('/?view=table&group=none&q=sorted', 'light')
  const names = async () =>
    (
      await page
        .getByRole('row')
        .getByRole('button', { name: /^sorted/ })
        .allTextContents()
    ).map((text) => text.split(',')[0])
  const head = page.getByRole('columnheader', { name: 'tokens' })
  const sorted = async (press: boolean, direction: string, order: string[]) => {
    if (press) await head.getByRole('button').click()
    await expect.poll(names, { timeout: 30_000 }).toEqual(order)
    expect(await head.getAttribute('aria-sort')).toBe(direction)
  }
  await sorted(false, 'none', ['sorted one', 'sorted three', 'sorted two'])
  await sorted(true, 'descending', ['sorted two', 'sorted one', 'sorted three'])
  expect(new URL(page.url()).searchParams.get('sort')).toBe('-tokens')
  await page.reload()
  await sorted(false, 'descending', ['sorted two', 'sorted one', 'sorted three'])
  await sorted(true, 'ascending', ['sorted three', 'sorted one', 'sorted two'])
  await expectAccessible(page)
})

test('keys step from agent to agent and into a run; a filter without a match says so', async () => {
  await send(...['key a', 'key b', 'key c'].map((agent) => ({ type: 'agent.started', agent, run: 'key run', data: { name: agent } })))
  const page = await open('/?group=none&q=key')
  const inspected = (name: string) => page.getByRole('complementary', { name: 'Inspector' }).getByRole('heading', { name }).waitFor()
  await page.getByRole('button', { name: /^key c/ }).waitFor()
  await page.keyboard.press('j')
  await inspected('key a')
  await page.keyboard.press('ArrowRight')
  await inspected('key b')
  await page.keyboard.press('k')
  await inspected('key a')
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/runs\/key%20run/)
  await inspected('key a')

  await page.goto(url('/?q=key'))
  await page.getByRole('button', { name: /^key c/ }).waitFor()
  await page.keyboard.press('/')
  await page.keyboard.type(' nobody has this')
  await page.getByText(/^0 of \d+ match/).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('group', { name: 'Only agents that are' }).getByRole('button', { name: 'lost' }).click()
  await page.getByRole('button', { name: 'Clear 2 filters' }).click()
  await page.getByRole('button', { name: /^key c/ }).waitFor()
})

test('a status and a role are filters that the address remembers, and a selection outlives them', async () => {
  await send(
    { type: 'agent.started', agent: 'f boss', data: { role: 'manager' } },
    { type: 'agent.started', agent: 'f hand', data: { role: 'worker' } },
    { type: 'agent.started', agent: 'f busy', data: { role: 'worker' } },
    { type: 'task.started', agent: 'f busy', task: 'f', data: {} },
  )
  const page = await open('/?q=f%20')
  const names = async () => (await page.getByRole('button', { name: /^f / }).allTextContents()).map((text) => text.split(',')[0])
  await expect.poll(names, { timeout: 30_000 }).toEqual(['f boss', 'f busy', 'f hand'])
  await page.getByRole('button', { name: /^f busy/ }).click()
  await page.getByLabel('role').selectOption('worker')
  await expect.poll(names, { timeout: 30_000 }).toEqual(['f busy', 'f hand'])
  await page.getByRole('group', { name: 'Only agents that are' }).getByRole('button', { name: 'idle' }).click()
  await expect.poll(names, { timeout: 30_000 }).toEqual(['f hand'])
  await page.reload()
  await expect.poll(names, { timeout: 30_000 }).toEqual(['f hand'])
  await page.getByRole('complementary', { name: 'Inspector' }).getByRole('heading', { name: 'f busy' }).waitFor()
})

test('while the pointer is among the agents nothing moves; who joined is counted and shown on demand', async () => {
  const join = (agent: string) => send({ type: 'agent.started', agent, data: { name: agent } })
  await join('still m')
  const page = await open('/?group=none&q=still')
  const names = async () => (await page.getByRole('button', { name: /^still/ }).allTextContents()).map((text) => text.split(',')[0])
  await page.getByRole('button', { name: /^still m/ }).hover()
  await join('still a')
  const pill = page.getByRole('button', { name: '+1 new' })
  await pill.waitFor()
  await send({ type: 'task.started', agent: 'still m', task: 's', data: {} })
  await page.getByRole('button', { name: /^still m ?, busy/ }).waitFor()
  expect(await names()).toEqual(['still m'])
  await pill.click()
  await expect.poll(names, { timeout: 30_000 }).toEqual(['still a', 'still m'])
  await page.mouse.move(640, 10)
  await join('still b')
  await expect.poll(names, { timeout: 30_000 }).toEqual(['still a', 'still b', 'still m'])
})

test('a task that ended is read for the inspector, though no fleet holds it', async () => {
  await send(
    { type: 'task.created', agent: 'closer', task: 'old', data: { title: 'Sweep the yard' } },
    { type: 'task.completed', agent: 'closer', task: 'old', data: {} },
  )
  const page = await open(`/?sel=${encodeURIComponent('task:fleet run\u001fold')}`)
  const inspector = page.getByRole('complementary', { name: 'Inspector' })
  await inspector.getByRole('heading', { name: 'Sweep the yard' }).waitFor()
  await inspector.getByText('completed').first().waitFor()
})

test('ten thousand agents: a bounded number of elements, each within reach', async () => {
  const large = await startServer()
  onTestFinished(() => large[Symbol.asyncDispose]())
  const count = 10_000
  const nextId = createIdSource(Date.now)
  for (let from = 0; from < count; from += 2_000) {
    const events = Array.from({ length: 2_000 }, (_, i) => ({
      ...{ id: nextId(), source: 'test', time: new Date().toISOString(), type: 'agent.started', run: `run ${(from + i) % 500}` },
      ...{ agent: `agent ${from + i + 1}`, data: { role: 'worker', name: `Agent ${from + i + 1}`, manager: `boss ${(from + i) % 500}` } },
    }))
    // With ids, so that a busy machine's 503 is simply sent again.
    const post = () =>
      fetch(`${large.url}/v1/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(events),
      })
    let response = await post()
    while (response.status === 503) response = await post()
    expect(response.status).toBe(200)
  }
  const page = await visit(`${large.url}/?group=none&mode=tiles`)
  const agent = (number: number) => page.getByRole('button', { name: new RegExp(`^Agent ${number} ?, idle`) })
  const elements = () => page.evaluate(() => document.querySelectorAll('*').length)
  await page.getByRole('button', { name: '10,000 idle' }).waitFor()
  for (const view of ['grid', 'table'] as const) {
    if (view === 'table') await page.keyboard.press('v')
    await agent(2).waitFor()
    expect(await elements()).toBeLessThan(1_500)
    await page.evaluate(() => {
      const box = [...document.querySelectorAll('section *')].find(({ scrollHeight, clientHeight }) => scrollHeight > 10 * clientHeight)
      box?.scrollTo(0, box.scrollHeight)
    })
    await agent(count).waitFor()
    expect(await elements()).toBeLessThan(1_500)
  }
  await page.getByLabel('Filter agents').fill('agent 4321')
  await agent(4321).waitFor()
  await page.keyboard.press('Escape')
  await page.keyboard.press('ControlOrMeta+k')
  await page.getByRole('dialog').getByRole('combobox').fill('Agent 9876')
  await page.getByRole('option', { name: /Agent 9876/ }).click()
  await page.getByRole('complementary', { name: 'Inspector' }).getByRole('heading', { name: 'Agent 9876' }).waitFor()
})

test('beside an opened agent the table gives up columns, not names', async () => {
  const name = 'Harbourmaster'
  await send({ type: 'agent.started', agent: 'beside', data: { role: 'manager', name } })
  const page = await open('/?view=table&group=none&q=harbourm&sel=agent:beside')
  await page.getByRole('heading', { name }).waitFor()
  const row = page.getByRole('row').filter({ has: page.getByRole('button', { name: /^Harbourmaster ?, / }) })
  const box = async (column: string) => {
    const found = await row.getByRole('cell').filter({ hasText: column }).first().boundingBox()
    if (found === null) throw new Error(`The column with ${column} is not shown.`)
    return found
  }
  const [named, role] = [await box(name), await box('manager')]
  expect(named.x + named.width).toBeLessThanOrEqual(role.x)
  expect(await row.getByRole('button', { name: /^Harbourmaster/ }).evaluate((button) => button.scrollWidth - button.clientWidth)).toBe(0)
})
