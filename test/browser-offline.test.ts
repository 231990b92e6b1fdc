/** The page without network: what it shows, what can be changed, and how it goes on when the server is back. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Page } from 'playwright-core'
import { expect, onTestFinished, test } from 'vitest'
import { expectAccessibleInBothThemes, journeys } from './browser.ts'
import { otherVersions } from './other-versions.ts'
import { getJson, sendEvents, startServer, type TestServer } from './server.ts'

const { url, open, visit, send } = journeys({ run: 'offline' })

async function ownServer(env: Record<string, string> = {}): Promise<TestServer> {
  const server = await startServer(env)
  onTestFinished(() => server[Symbol.asyncDispose]())
  return server
}
/** What a page says of a server that is not there. */
const away = /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED|WebSocket|ERR_FAILED/
const tile = (page: Page, name: string) => page.getByRole('button', { name: new RegExp(`^${name}\\b`) })
const worksOffline = (page: Page) => page.evaluate(async () => void (await navigator.serviceWorker.ready))
/** The names of the agents that the browser keeps, over all its databases. */
const keptText = (page: Page) =>
  page.evaluate(async () => {
    const read = <T>(asked: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        asked.onsuccess = () => resolve(asked.result)
        asked.onerror = () => reject(asked.error)
      })
    let text = ''
    for (const { name } of await indexedDB.databases()) {
      const db = await read(indexedDB.open(name ?? ''))
      for (const store of db.objectStoreNames) text += JSON.stringify(await read(db.transaction(store).objectStore(store).getAll()))
      db.close()
    }
    return text
  })
/** As a browser does with a page that is put away: what is shown is written now. */
const putAway = (page: Page) => page.evaluate(() => void dispatchEvent(new Event('pagehide')))
async function isKept(page: Page, text: string) {
  await expect
    .poll(async () => {
      await putAway(page)
      return keptText(page)
    })
    .toContain(text)
}
const kept = (server: TestServer, list: string) => getJson<{ items: Record<string, string>[] }>(`${server.url}/v1/${list}`)
const keep = (server: TestServer, path: string, body: object) =>
  fetch(`${server.url}/v1/${path}`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

test('loaded again without network the page shows the last state and its age, and goes on when the server is back', async () => {
  const server = await ownServer()
  await sendEvents(server, [{ type: 'agent.started', agent: 'w1', run: 'r', data: { name: 'Before' } }])
  const page = await visit(server.url, { expected: away })
  await tile(page, 'Before').waitFor()
  await worksOffline(page)
  await isKept(page, 'Before')
  await server.kill()
  await page.reload()
  await tile(page, 'Before').waitFor()
  await page
    .getByTestId('connection')
    .getByText(/showing data of/)
    .waitFor()
  await server.start()
  await sendEvents(server, [
    { type: 'agent.started', agent: 'w2', run: 'r', data: { name: 'Meanwhile' } },
    { type: 'task.started', agent: 'w1', run: 'r', task: 't' },
  ])
  await tile(page, 'Meanwhile').waitFor()
  await page.getByRole('button', { name: /^Before ?, busy/ }).waitFor()
  expect([await tile(page, 'Before').count(), await tile(page, 'Meanwhile').count()]).toEqual([1, 1])
  await page.getByTestId('connection').getByText('live').waitFor()
})

test('what the kept rows lack is still said when they are shown again', async () => {
  const server = await ownServer({ SIGNALBOX_STATE_ROWS: '1', SIGNALBOX_PARTITIONS: '1' })
  await sendEvents(
    server,
    ['w1', 'w2'].map((agent) => ({ type: 'agent.started', agent, run: 'r' })),
  )
  await expect.poll(async () => (await getJson<{ items: unknown[] }>(`${server.url}/v1/agents`)).items.length).toBe(2)
  const page = await visit(server.url, { expected: away })
  const notice = page.getByText('There are more agents than are shown: these changed last.')
  await notice.waitFor()
  await worksOffline(page)
  await isKept(page, '"truncated":["agents"]')
  await server.kill()
  await page.reload()
  await tile(page, 'w2').waitFor()
  await notice.waitFor()
  // It goes on after them, without a snapshot.
  await server.start()
  await sendEvents(server, [{ type: 'agent.started', agent: 'w3', run: 'r' }])
  await tile(page, 'w3').waitFor()
  expect(await notice.count()).toBe(1)
})

test('a tail without network shows the events that the browser kept; back again, those in between too, each once and in order', async () => {
  const server = await ownServer()
  const log = (message: string, type = 'log') => ({ type, agent: 'w1', run: 'r', data: { message } })
  await sendEvents(server, [log('first words'), log('other words', 'custom.other')])
  const page = await visit(`${server.url}/tail`, { expected: away })
  await page.getByText('first words').waitFor()
  await worksOffline(page)
  await isKept(page, 'first words')
  await server.kill()
  await page.goto(`${server.url}/tail?type=log`)
  await page.getByText('first words').waitFor()
  expect(await page.getByText('other words').count()).toBe(0)
  await server.start()
  await sendEvents(server, [log('words in between')])
  await page.getByText('words in between').waitFor()
  await sendEvents(server, [log('last words')])
  await page.getByText('last words').waitFor()
  const lines = (await page.getByRole('main').textContent())?.match(/first words|words in between|last words/g)
  expect(lines).toEqual(['first words', 'words in between', 'last words'])
})

test('what is removed and taken back offline outlives a reload, and is sent when the server is back', async () => {
  const server = await ownServer()
  for (const name of ['Mine', 'Theirs']) await keep(server, `views/${name}`, { name, screen: '/tail', search: '?type=tool.*' })
  await keep(server, 'acknowledgements/agent:w1', { note: 'known <b>since</b> noon' })
  const page = await visit(`${server.url}/settings`, { expected: away })
  await page.getByText('known <b>since</b> noon').waitFor()
  await worksOffline(page)
  await server.kill()
  await page.getByRole('button', { name: 'Remove the view Mine' }).click()
  await page.getByRole('button', { name: 'Take back that agent:w1 is known' }).click()
  await page.getByText('2 changes wait for the server').waitFor()
  await page.reload()
  await page.getByText('2 changes wait for the server').waitFor()
  await page.getByText('Theirs').waitFor()
  expect(await page.getByText('Mine').count()).toBe(0)
  await server.start()
  await page.getByText('The server has every change.').waitFor({ state: 'attached' })
  expect((await kept(server, 'views')).items).toMatchObject([{ id: 'Theirs' }])
  expect((await kept(server, 'acknowledgements')).items).toEqual([])
})

test('what one page changes the other tabs show', async () => {
  await fetch(url('/v1/views/shared'), {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Shared', screen: '/runs', search: '' }),
  })
  const page = await open('/settings')
  const other = await page.context().newPage()
  await other.goto(url('/settings'))
  await other.getByText('Shared').waitFor()
  await page.getByRole('link', { name: 'Shared' }).waitFor()
  await page.getByRole('button', { name: 'Remove the view Shared' }).click()
  await other.getByText('None yet.').waitFor()
})

test('a saved view is opened where it was saved', async () => {
  await fetch(url('/v1/views/failing'), {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Failing tools', screen: '/tail', search: '?type=tool.*&errors=true' }),
  })
  const page = await open('/settings')
  await page.getByRole('link', { name: 'Failing tools' }).click()
  await expect.poll(() => new URL(page.url()).pathname).toBe('/tail')
  expect(Object.fromEntries(new URL(page.url()).searchParams)).toMatchObject({ type: 'tool.*', errors: 'true' })
})

test('clearing removes all that the browser keeps, and the page begins anew', async () => {
  await send({ type: 'agent.started', agent: 'kept', data: { name: 'Kept here' } })
  const page = await open('/settings')
  await worksOffline(page)
  // Put away before it has heard of anybody, it keeps nobody.
  await page.getByTestId('connection').getByText('live').waitFor()
  await isKept(page, 'Kept here')
  await page.getByLabel('Theme').selectOption('light')
  await page.getByRole('button', { name: 'Clear local data …' }).click()
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Keep it')
  const reloaded = page.waitForEvent('load')
  await page.getByRole('button', { name: 'Clear it' }).click()
  await reloaded
  await page.getByRole('heading', { name: 'Settings' }).waitFor()
  expect(await page.evaluate(() => Object.keys(localStorage))).toEqual([])
  expect(await keptText(page)).not.toContain('Kept here')
})

test('the browser says that the page can be installed', async () => {
  const page = await open('/')
  await worksOffline(page)
  const devtools = await page.context().newCDPSession(page)
  const { errors, data } = await devtools.send('Page.getAppManifest')
  expect(errors).toEqual([])
  expect(JSON.parse(data ?? '{}')).toMatchObject({ name: 'Signalbox', start_url: '/', display: 'standalone' })
  const { installabilityErrors } = await devtools.send('Page.getInstallabilityErrors')
  // A window of its own profile, as tests have, is never offered it.
  expect(installabilityErrors.filter(({ errorId }) => errorId !== 'in-incognito')).toEqual([])
})

test('no text becomes script or markup, whoever writes it', async () => {
  const hostile = '<img src=x onerror="window.hacked=true"><script>window.hacked=true</script>'
  await send({ type: 'agent.started', agent: hostile, data: { name: hostile, model: hostile } })
  const page = await visit(url(), { expected: /This document requires 'Trusted|Creating a TrustedTypePolicy/ })
  await page.getByText('<img src=x').first().waitFor()
  const tried = await page.evaluate(() => {
    const attempts: Record<string, () => void> = {
      innerHTML: () => {
        document.createElement('div').innerHTML = '<b>x</b>'
      },
      script: () => {
        document.createElement('script').src = 'https://evil.example/x.js'
      },
      text: () => {
        document.createElement('script').text = 'window.hacked=true'
      },
      worker: () => void new Worker('/runs/x.js'),
      policy: () =>
        void (globalThis as unknown as { trustedTypes: { createPolicy(name: string, rules: object): void } }).trustedTypes.createPolicy(
          'other',
          {},
        ),
    }
    return Object.entries(attempts).map(([name, run]) => {
      try {
        run()
        return `${name} went through`
      } catch (error) {
        return (error as Error).name
      }
    })
  })
  expect(tried).toEqual(['TypeError', 'TypeError', 'TypeError', 'TypeError', 'TypeError'])
  expect(await page.evaluate(() => 'hacked' in window)).toBe(false)
})

test('a new version is offered, and never taken by itself', async () => {
  const proxy = await otherVersions(url())
  onTestFinished(() => proxy.close())
  // It carries no WebSocket: the page comes to another transport.
  const page = await visit(`${proxy.url}/settings`, { expected: /WebSocket|ERR_/ })
  await worksOffline(page)
  await page.reload()
  const look = () => page.evaluate(async () => void (await (await navigator.serviceWorker.getRegistration())?.update()))
  await look()
  expect(await page.getByText('A new version is ready').count()).toBe(0)
  proxy.version = 'second'
  await look()
  await page.getByText('A new version is ready').waitFor()
  const versions = () => page.evaluate(() => caches.keys())
  expect(await versions()).toEqual(['signalbox-first', 'signalbox-second'])
  const reloaded = page.waitForEvent('load')
  await page.getByRole('button', { name: 'Reload', exact: true }).click()
  await reloaded
  await page.getByRole('heading', { name: 'Settings' }).waitFor()
  expect(await page.getByText('A new version is ready').count()).toBe(0)
  proxy.version = 'third'
  await look()
  await page.getByRole('button', { name: 'Reload', exact: true }).click()
  // Only the one before is still kept.
  await expect.poll(versions).toEqual(['signalbox-second', 'signalbox-third'])
})

test('what one key saw no other key is shown, and a tab without key nothing', async () => {
  const env: Record<string, string> = {}
  const server = await ownServer(env)
  const main = join(import.meta.dirname, '../packages/cli/src/main.ts')
  const keyOf = async (tenant: string) => {
    const asked = ['keys', 'create', tenant, '--scope', 'read,ingest', '--tenant', tenant]
    const { stdout } = await promisify(execFile)(process.execPath, [main, ...asked], {
      env: { ...process.env, SIGNALBOX_DATA: server.data },
    })
    return /sbx_\S+/.exec(stdout)?.[0] ?? ''
  }
  const [crimson, azure] = [await keyOf('crimson'), await keyOf('azure')]
  await server.terminate()
  env.SIGNALBOX_HOST = '0.0.0.0'
  await server.start()
  const sendAs = (key: string, name: string) =>
    fetch(`${server.url}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify([{ source: 's', type: 'agent.started', time: new Date().toISOString(), agent: name, data: { name } }]),
    })
  await sendAs(crimson, 'Crimson')
  await sendAs(azure, 'Azure')
  const page = await visit(server.url, { expected: /40[13]|WebSocket|ERR_/ })
  const enter = async (of: Page, key: string) => {
    await of.getByLabel('Read key').fill(key)
    await of.keyboard.press('Enter')
  }
  await enter(page, crimson)
  await tile(page, 'Crimson').waitFor()
  await worksOffline(page)
  await isKept(page, 'Crimson')
  const other = await page.context().newPage()
  await other.goto(server.url)
  await enter(other, azure)
  await tile(other, 'Azure').waitFor()
  await isKept(other, 'Azure')
  const bare = await page.context().newPage()
  await server.kill()
  for (const [one, own, theirs] of [
    [page, 'Crimson', 'Azure'],
    [other, 'Azure', 'Crimson'],
  ] as const) {
    await one.reload()
    await tile(one, own).waitFor()
    expect(await one.getByText(theirs).count()).toBe(0)
  }
  await bare.goto(server.url)
  await bare.getByRole('heading', { name: 'Signalbox' }).waitFor()
  await bare.getByTestId('connection').getByText('nothing received yet').waitFor()
  expect(await bare.getByText(/Crimson|Azure/).count()).toBe(0)
})

test('the settings pass axe in both themes, with views, acknowledgements and the question', async () => {
  for (const [path, body] of [
    ['views/a', { name: 'A view', screen: '/runs', search: '' }],
    ['acknowledgements/agent:a', { note: 'known' }],
  ] as const)
    await fetch(url(`/v1/${path}`), { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  const page = await open('/settings')
  await page.getByText('A view').waitFor()
  await page.getByRole('button', { name: 'Clear local data …' }).click()
  await expectAccessibleInBothThemes(page)
})
