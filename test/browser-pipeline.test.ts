/** Signalbox's own health, in a browser: what was refused stands there with its body, who lost events is named, and it adds up. */
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { expectAccessible, expectAccessibleInBothThemes, journeys } from './browser.ts'
import { getJson } from './server.ts'

const { url, open, send } = journeys()

async function post(events: readonly unknown[]) {
  const body = JSON.stringify(events)
  return (await fetch(url('/v1/events'), { method: 'POST', headers: { 'content-type': 'application/json' }, body })).json()
}
const time = () => new Date().toISOString()
const health = (page: Page) => page.getByTestId('health')

interface Pipeline {
  readonly totals: { readonly received: number; readonly stored: number; readonly underWay: number }
}

test('all is good until something is refused: its body is there, hostile as it is, and everything adds up', async () => {
  await send({ type: 'log', agent: 'w', data: { message: 'fine' } })
  const page = await open('/pipeline')
  await health(page).getByText('All good').waitFor()
  await page.getByText('Nothing was refused that is kept.').waitFor()
  const hostile = '<img src=x onerror=alert(1)>\u202egnp.exe'
  await post([
    { source: 'test', type: 'log', time: time(), agent: 'w', data: {} },
    { source: 'test', type: 'not a type', time: time(), agent: hostile },
    { source: 'test', type: 'log', time: 'yesterday', agent: 'w' },
  ])
  await health(page).getByText('2 events were refused in the last ten minutes.').waitFor()
  const quarantine = page.getByRole('region', { name: 'Quarantine' })
  await quarantine.getByRole('button', { name: /INVALID_EVENT.*\/type must match/ }).click()
  await quarantine.getByText('<img src=x onerror=alert(1)>\\u{202e}gnp.exe').waitFor()
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await quarantine.getByRole('button', { name: 'copy body' }).click()
  await quarantine.getByText('copied').waitFor()
  expect(JSON.parse(await page.evaluate(() => navigator.clipboard.readText()))).toMatchObject({ type: 'not a type', agent: hostile })

  const { totals } = await getJson<Pipeline>(url('/v1/pipeline'))
  expect(totals).toMatchObject({ received: 4, stored: 2, underWay: 0 })
  await expect
    .poll(() => page.getByTestId('balance').textContent())
    .toBe('4 received = 2 stored + 0 duplicate + 0 refused + 2 quarantined ✓ it adds up')
  await expectAccessible(page)
})

test('a producer that lost events is named with what it lost; two with one name are told', async () => {
  const numbered = (seq: number) => ({ source: 'worker-7', type: 'log', time: time(), agent: 'worker-7', epoch: 1, seq, data: { seq } })
  await post(
    Array.from({ length: 50 }, (_, i) => i + 1)
      .filter((seq) => seq < 41 || seq > 43)
      .map(numbered),
  )
  const page = await open('/pipeline')
  const producers = page.getByRole('region', { name: 'Producers' })
  await producers.getByText('worker-7 lost 41 to 43').waitFor()
  await health(page).getByText('worker-7 lost 41 to 43').waitFor()
  await post([{ ...numbered(50), agent: 'its clone' }])
  await producers.getByText('1 event with a number of another: two producers with one name').waitFor()
})

test('the bundle to report a fault with tells figures and no content', async () => {
  await send({ type: 'log', agent: 'w', data: { message: 'a secret of somebody' } })
  const page = await open('/pipeline')
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await page.getByRole('button', { name: 'copy diagnostic bundle' }).click()
  await page.getByText('copied').waitFor()
  const text = await page.evaluate(() => navigator.clipboard.readText())
  expect(JSON.parse(text)).toMatchObject({ health: { totals: { underWay: expect.any(Number) }, history: { everyMs: 2_000 } } })
  expect(text).not.toContain('secret')
})

test('the pipeline passes axe in both themes, is gone to by keys and drawn', async () => {
  const page = await open('/')
  await page.getByTestId('connection').getByText('live').waitFor()
  await page.keyboard.press('g')
  await page.keyboard.press('p')
  await page.getByRole('region', { name: 'The way of an event' }).waitFor()
  await page.getByRole('img', { name: /^Events a second, ten minutes: now received/ }).waitFor()
  await expectAccessibleInBothThemes(page)
})
