import { expect, test } from 'vitest'
import { expectAccessibleInBothThemes, journeys } from './browser.ts'

const { open, send } = journeys({ run: 'browser run' })

test('an empty fleet teaches; then an agent appears and its status changes without a reload', async () => {
  const page = await open('/')
  await page.getByRole('heading', { name: 'Nobody is working yet' }).waitFor()
  await send({ type: 'agent.started', agent: 'w1', data: { role: 'worker', name: 'Worker One' } })
  await page.getByRole('button', { name: /Worker One ?, idle/ }).waitFor()
  await send({ type: 'task.started', agent: 'w1', task: 't1', data: {} })
  await page.getByRole('button', { name: /Worker One ?, busy/ }).waitFor()
  await page.getByTestId('connection').getByText('live · WebSocket').waitFor()
})

test('what is selected is in the address: a link opens the same inspector', async () => {
  await send({ type: 'agent.started', agent: 'linked', data: { name: 'Linked agent' } })
  const page = await open('/')
  await page.getByRole('button', { name: /Linked agent ?, idle/ }).click()
  await page.getByRole('complementary', { name: 'Inspector' }).getByRole('heading', { name: 'Linked agent' }).waitFor()
  const other = await open(new URL(page.url()).pathname + new URL(page.url()).search)
  await other.getByRole('complementary', { name: 'Inspector' }).getByRole('heading', { name: 'Linked agent' }).waitFor()
  await other.keyboard.press('Escape')
  await other.getByRole('complementary', { name: 'Inspector' }).waitFor({ state: 'detached' })
})

test('swimlanes show the manager above its worker, and their task below', async () => {
  await send(
    { type: 'run.started', agent: 'boss', run: 'lanes', data: { name: 'Lanes' } },
    { type: 'task.assigned', agent: 'boss', run: 'lanes', task: 'a', data: { to: 'hand', title: 'Carry the box' } },
    { type: 'task.started', agent: 'hand', run: 'lanes', task: 'a', data: {} },
  )
  const page = await open('/runs/lanes')
  await page.getByRole('button', { name: /^Carry the box ?, working$/ }).waitFor()
  const names = await page
    .getByRole('list', { name: 'Lanes' })
    .getByRole('button', { name: /\d tasks?/ })
    .allTextContents()
  expect(names).toEqual(['boss, 0 tasks', 'hand, 1 task, 1 open'])
})

test('text of agents is shown, not obeyed', async () => {
  await send({ type: 'agent.started', agent: 'evil', data: { name: '<img src=x onerror=alert(1)>\u202egnp.exe' } })
  const page = await open('/')
  await page.getByText('<img src=x onerror=alert(1)>\\u{202e}gnp.exe').waitFor()
})

const screens = ['/', '/?view=table', '/?paused=true', '/runs', '/runs/lanes', '/runs/nowhere', '/tail', '/tail?paused=true', '/settings']

test.each(screens)('%s passes axe in both themes', async (path) => {
  const page = await open(path)
  await page
    .getByTestId('connection')
    .getByText(path.includes('paused') ? 'paused' : 'live')
    .waitFor()
  await expectAccessibleInBothThemes(page)
})
