import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { expectAccessibleInBothThemes, journeys } from './browser.ts'
import { importRecording } from './import.ts'
import { getAll } from './server.ts'

const { url, open, visit, send } = journeys()

interface RunView {
  readonly id: string
  readonly events: number
  readonly totals: Readonly<Record<'llmCalls' | 'toolCalls' | 'errors' | 'inputTokens' | 'outputTokens' | 'cacheReadTokens', number>>
}
interface CallView {
  readonly id: string
  readonly kind: 'llm' | 'tool'
  readonly name: string
  readonly state: string
  readonly task?: string
}
interface TaskView {
  readonly id: string
  readonly state: string
  readonly contradicted: number
}

const all = <T>(path: string) => getAll<T>(url(path))
const whole = (count: number) => count.toLocaleString('en')
const treeOf = (run: string, search = '') => `/runs/${encodeURIComponent(run)}/tree${search}`
const grid = (page: Page) => page.getByRole('treegrid', { name: 'The run as a tree' })
const rowsIn = (page: Page) => grid(page).locator('[role=row][aria-level]')
const shownRows = (page: Page) => page.getByTestId('shown-rows').textContent()
const inspectorOf = (page: Page) => page.getByRole('complementary', { name: 'Inspector' })
const activeRow = (page: Page) => page.evaluate(() => document.activeElement?.getAttribute('data-row') ?? '')
/** Where the part that names the cells' exact figures stands. */
const titlesOf = (page: Page, row: number) =>
  rowsIn(page)
    .nth(row)
    .locator('[role=gridcell][title]')
    .evaluateAll((cells) => cells.map((cell) => cell.getAttribute('title')))

let session: RunView
beforeAll(async () => {
  await importRecording('claude-code', 'claude-code-sessions', url())
  await importRecording('gastown', 'gastown-fleet', url())
  const runs = await all<RunView>('/v1/runs')
  const [first] = runs.filter(({ id }) => id.startsWith('claude-code/')).sort((a, b) => b.events - a.events)
  if (first === undefined) throw new Error('No session was imported.')
  session = first
}, 300_000)

describe('a recorded session', () => {
  test('is a tree whose sums are those of the API', async () => {
    const { totals } = session
    const page = await open(treeOf(session.id, '?mode=time'))
    const calls = await all<CallView>(`/v1/runs/${encodeURIComponent(session.id)}/calls`)
    const tasks = await all<TaskView>(`/v1/tasks?run=${encodeURIComponent(session.id)}`)
    await expect
      .poll(() => shownRows(page))
      .toBe(`${whole(1 + calls.length + tasks.length)} of ${whole(1 + calls.length + tasks.length)} rows`)
    expect(await titlesOf(page, 0)).toEqual(
      expect.arrayContaining([
        `${whole(totals.inputTokens)} tokens in`,
        `${whole(totals.outputTokens)} tokens out`,
        `${whole(totals.errors)} failed calls`,
      ]),
    )
    // By task the same sums stand at the run, and what stands below it adds up to them.
    await page.getByRole('button', { name: 'by task' }).click()
    await page.keyboard.press('1')
    await expect.poll(async () => (await rowsIn(page).evaluateAll((rows) => rows.map((row) => row.ariaLevel))).includes('3')).toBe(false)
    const figures = await rowsIn(page).evaluateAll((rows) =>
      rows.map((row) => {
        const told = [...row.querySelectorAll('[role=gridcell][title$="tokens in"]')].map((cell) => cell.getAttribute('title') ?? '')
        return { level: row.ariaLevel, tokens: Number((told[0] ?? '0').replace(/\D/g, '')) }
      }),
    )
    expect(figures[0]).toEqual({ level: '1', tokens: totals.inputTokens })
    expect(figures.filter(({ level }) => level === '2').reduce((sum, { tokens }) => sum + tokens, 0)).toBe(totals.inputTokens)
  })

  test('errors only shows the calls that failed, and what they stand below', async () => {
    const calls = await all<CallView>(`/v1/runs/${encodeURIComponent(session.id)}/calls`)
    const failed = calls.filter(({ state }) => state === 'failed')
    const tasks = await all<TaskView>(`/v1/tasks?run=${encodeURIComponent(session.id)}`)
    const troubled = tasks.filter(({ state, contradicted }) => contradicted > 0 || state === 'failed' || state === 'rejected')
    const page = await open(treeOf(session.id))
    await rowsIn(page).first().waitFor()
    await page.keyboard.press('x')
    await expect.poll(() => shownRows(page)).toMatch(new RegExp(`^${failed.length + troubled.length} of `))
    expect(new URL(page.url()).searchParams.get('errors')).toBe('true')
    const shown = await rowsIn(page).evaluateAll(
      (rows) => rows.filter((row) => /tool call, failed|model call, failed/.test(row.textContent ?? '')).length,
    )
    expect(shown).toBe(Math.min(shown, failed.length))
    expect(shown).toBeGreaterThan(0)
  })

  test('a link opens at its row, whose input and output are read when asked for', async () => {
    const calls = await all<CallView>(`/v1/runs/${encodeURIComponent(session.id)}/calls`)
    const events = await all<{ type: string; data: { call?: string; result?: string; args?: object } }>(
      `/v1/events?run=${encodeURIComponent(session.id)}&type=tool.*`,
    )
    const told = events.find(({ type, data: { result } }) => type === 'tool.finished' && (result?.length ?? 0) > 1_900)
    const call = calls.find(({ id }) => id === told?.data.call)
    if (call === undefined || told?.data.result === undefined) throw new Error('No call with a long result.')
    const sel = `call:${session.id}\u001ftool\u001f${call.id}`
    const page = await open(treeOf(session.id, `?level=1&sel=${encodeURIComponent(sel)}`))
    const selected = grid(page).locator('[role=row][aria-selected=true]')
    await selected.getByText(call.name, { exact: true }).waitFor()
    await expect.poll(() => selected.evaluate((row) => row.getBoundingClientRect().bottom <= innerHeight)).toBe(true)
    const inspector = inspectorOf(page)
    const asked: string[] = []
    page.on('request', (request) => request.url().includes('/v1/events?') && asked.push(request.url()))
    await inspector.getByRole('heading', { name: call.name }).waitFor()
    expect(asked).toEqual([])
    await inspector.getByRole('button', { name: 'Input and output' }).click()
    const result = inspector.getByRole('region', { name: 'result' })
    await result
      .getByText(told.data.result.slice(0, 40).trim().split('\n')[0] ?? '')
      .first()
      .waitFor()
    await result.getByText('kB').waitFor()
    expect(asked.length).toBeGreaterThan(0)
    // The event itself, as it is stored.
    await inspector.getByRole('list', { name: 'Its events' }).getByRole('button', { name: 'tool.finished' }).click()
    await inspector.getByRole('heading', { name: 'tool.finished' }).waitFor()
    await inspector.getByRole('button', { name: call.id, exact: true }).click()
    await inspector.getByRole('heading', { name: call.name }).waitFor()
  })

  test('is walked by keys alone', async () => {
    const page = await open(treeOf(session.id))
    await rowsIn(page).nth(3).waitFor()
    const level = () => page.evaluate(() => Number(document.activeElement?.ariaLevel ?? 0))
    await page.keyboard.press('t')
    await expect.poll(() => activeRow(page)).toBe(`run:${session.id}`)
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await expect.poll(level).toBe(3)
    await expect.poll(() => new URL(page.url()).searchParams.get('sel')).toMatch(/^(call|task|agent):/)
    await inspectorOf(page).waitFor()
    await page.keyboard.press('p')
    await expect.poll(level).toBe(2)
    await page.keyboard.press('ArrowLeft')
    await expect.poll(() => page.evaluate(() => document.activeElement?.ariaExpanded)).toBe('false')
    await page.keyboard.press('ArrowRight')
    await expect.poll(() => page.evaluate(() => document.activeElement?.ariaExpanded)).toBe('true')
    await page.keyboard.press('ArrowRight')
    await expect.poll(level).toBe(3)
    await page.keyboard.press('Enter')
    await expect.poll(() => new URL(page.url()).searchParams.has('from')).toBe(true)
    await page.keyboard.press('w')
    await expect.poll(() => rowsIn(page).count()).toBeLessThan(4)
    await page.keyboard.press('e')
    await expect.poll(() => rowsIn(page).count()).toBeGreaterThan(10)
    expect(new URL(page.url()).searchParams.get('level')).toMatch(/9/)
    // The inspector's width by keys, remembered.
    const separator = page.getByRole('separator', { name: 'Width of the inspector' })
    const before = Number(await separator.getAttribute('aria-valuenow'))
    await separator.focus()
    await page.keyboard.press('ArrowLeft')
    await expect.poll(() => separator.getAttribute('aria-valuenow')).toBe(String(before + 24))
    await page.reload()
    await expect.poll(() => separator.getAttribute('aria-valuenow')).toBe(String(before + 24))
  })

  test('siblings are sorted by what they took', async () => {
    const page = await open(treeOf(session.id, '?mode=time'))
    await rowsIn(page).first().waitFor()
    await grid(page).getByRole('columnheader', { name: 'in', exact: true }).getByRole('button').click()
    await expect.poll(() => new URL(page.url()).searchParams.get('sort')).toBe('-in')
    const tokens = await rowsIn(page).evaluateAll((rows) =>
      rows.slice(1, 12).map((row) => Number((row.querySelector('[title$="tokens in"]')?.getAttribute('title') ?? '0').replace(/\D/g, ''))),
    )
    expect(tokens).toEqual([...tokens].sort((a, b) => b - a))
    expect(tokens[0]).toBeGreaterThan(0)
  })

  test('is exported: every event once, and a report', async () => {
    const page = await open(treeOf(session.id))
    await rowsIn(page).first().waitFor()
    const exported = async (name: RegExp) => {
      await page.getByRole('button', { name: 'export' }).click()
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name }).click()])
      return readFile(await download.path(), 'utf8')
    }
    const lines = (await exported(/Events as JSONL/)).trimEnd().split('\n')
    expect(lines).toHaveLength(session.events)
    expect(new Set(lines.map((line) => (JSON.parse(line) as { id: string }).id)).size).toBe(session.events)
    const report = await exported(/Report as Markdown/)
    expect(report).toContain(`| Calls | ${whole(session.totals.llmCalls + session.totals.toolCalls)} |`)
    expect(report).toContain('## What went wrong')
  })
})

test('a fleet of three thousand tasks: by agent, by time, only what is in trouble', async () => {
  const tasks = await all<TaskView>('/v1/tasks?run=gastown')
  const troubled = tasks.filter(({ state, contradicted }) => contradicted > 0 || state === 'failed' || state === 'rejected')
  const page = await open(treeOf('gastown', '?mode=time'))
  await expect.poll(() => shownRows(page)).toBe(`${whole(1 + tasks.length)} of ${whole(1 + tasks.length)} rows`)
  await page.getByRole('button', { name: 'errors only' }).click()
  await expect.poll(() => shownRows(page)).toBe(`${whole(troubled.length)} of ${whole(1 + tasks.length)} match`)
  await page.getByRole('button', { name: 'errors only' }).click()
  await page.getByRole('button', { name: 'by agent' }).click()
  await page.keyboard.press('/')
  await page.keyboard.type('polecats')
  await expect.poll(() => shownRows(page)).toMatch(/^[\d,]+ of [\d,]+ match$/)
  await page.keyboard.press('Escape')
  expect(new URL(page.url()).searchParams.get('q')).toBe('polecats')
})

test('a live tree grows where it is, holds still under the pointer, and says what waits', async () => {
  const call = (n: number) => ({ type: 'tool.finished', agent: 'busy', run: 'growing tree', data: { call: `c${n}`, name: `Step ${n}` } })
  await send({ type: 'run.started', agent: 'busy', run: 'growing tree' }, call(1))
  const page = await open(treeOf('growing tree'))
  await grid(page).getByText('Step 1', { exact: true }).waitFor()
  await send(call(2))
  await grid(page).getByText('Step 2', { exact: true }).waitFor()
  await grid(page).getByText('Step 1', { exact: true }).hover()
  await send(call(3), call(4))
  const pill = page.getByRole('button', { name: '+2 new' })
  await pill.waitFor()
  expect(await grid(page).getByText('Step 3', { exact: true }).count()).toBe(0)
  await pill.click()
  await grid(page).getByText('Step 4', { exact: true }).waitFor()
})

test('a body of 300 kB is shown by its begin and its size, all of it on demand; what went wrong stands first; known trouble is calm', async () => {
  const body = `${'<i>x</i>\u202e '.repeat(30_000)}the very end`
  await send(
    { type: 'tool.started', agent: 'w', run: 'large body', task: 'b', data: { call: 'big', name: 'Read', args: { path: '/etc' } } },
    {
      type: 'tool.failed',
      agent: 'w',
      run: 'large body',
      task: 'b',
      data: { call: 'big', name: 'Read', error: 'No such file', result: body },
    },
  )
  const page = await open(treeOf('large body', `?sel=${encodeURIComponent('call:large body\u001ftool\u001fbig')}`))
  const inspector = inspectorOf(page)
  await inspector.getByRole('note').getByText('No such file').waitFor()
  await inspector.getByRole('button', { name: 'Input and output' }).click()
  const result = inspector.getByRole('region', { name: 'result' })
  await result.getByText(/<i>x<\/i>\\u\{202e\}/).waitFor()
  expect(await result.getByText('the very end').count()).toBe(0)
  await result.getByRole('button', { name: /show all, 360 kB/ }).click()
  await result.getByText('the very end').waitFor({ state: 'attached' })
  await inspector.getByLabel('Note for who looks next').fill('disk is being moved')
  await inspector.getByRole('button', { name: 'acknowledge' }).click()
  await inspector.getByText('disk is being moved').waitFor()
  await inspector.getByRole('button', { name: 'undo' }).click()
  await inspector.getByRole('button', { name: 'acknowledge' }).waitFor()
})

test('a run that is not known says so, and is a tree with its first event', async () => {
  const page = await open(treeOf('soon a tree'))
  await page.getByRole('heading', { name: 'No run “soon a tree” is known here' }).waitFor()
  await send({ type: 'run.started', agent: 'w', run: 'soon a tree', data: { name: 'Here it is' } })
  await rowsIn(page).getByText('Here it is').waitFor()
})

describe('the palette', () => {
  test('finds by letters, goes there, and offers it first the next time', async () => {
    const page = await open(treeOf('gastown'))
    await rowsIn(page).first().waitFor()
    await page.keyboard.press(':')
    const palette = page.getByRole('dialog', { name: 'Command palette' })
    await palette.getByRole('combobox').fill('/run lexical whisper')
    await palette.getByRole('option').first().getByText('whisper').waitFor()
    await page.keyboard.press('Enter')
    // In the view that one is in.
    await expect.poll(() => new URL(page.url()).pathname).toMatch(/^\/runs\/claude-code%2F.*\/tree$/)
    await page.keyboard.press('-')
    await expect.poll(() => new URL(page.url()).pathname).toBe('/runs/gastown/tree')
    await page.keyboard.press('Control+k')
    await expect.poll(() => palette.getByRole('option').first().textContent()).toContain('whisper')
    await palette.getByRole('combobox').fill('/task')
    await palette.getByText(/^50 of [\d,]+ that match: type more$/).waitFor()
  })

  test('does what the keys do, keeps a view, and opens it again', async () => {
    const page = await open(treeOf('gastown'))
    await rowsIn(page).first().waitFor()
    const palette = page.getByRole('dialog', { name: 'Command palette' })
    const ask = async (text: string) => {
      // While it closes the key would close it again.
      await palette.waitFor({ state: 'detached' })
      await page.keyboard.press('Control+k')
      await palette.getByRole('combobox').fill(text)
    }
    await ask('/action errors')
    await palette.getByRole('option', { name: /Errors only/ }).click()
    await expect.poll(() => new URL(page.url()).searchParams.get('errors')).toBe('true')
    await ask('/save Town in trouble')
    await palette.getByRole('option', { name: 'Save this view as “Town in trouble”' }).click()
    await page.keyboard.press('x')
    await expect.poll(() => new URL(page.url()).searchParams.get('errors')).toBe(null)
    await ask('town in trouble')
    await palette
      .getByRole('option', { name: /Town in trouble/ })
      .first()
      .click()
    await expect.poll(() => new URL(page.url()).searchParams.get('errors')).toBe('true')
    await ask('/action theme: light')
    await palette.getByRole('option', { name: /Theme: light/i }).click()
    await expect.poll(() => page.evaluate(() => document.documentElement.dataset.theme)).toBe('light')
  })
})

test('the sheet tells the keys of where one is, is searched, and turns single keys off', async () => {
  const page = await open(treeOf('gastown'))
  await rowsIn(page).first().waitFor()
  await page.keyboard.press('?')
  const sheet = page.getByRole('dialog', { name: 'Keyboard shortcuts' })
  await sheet.getByRole('region', { name: 'Tree' }).getByText('To the row it is part of').waitFor()
  await sheet.getByRole('region', { name: 'Everywhere' }).getByText('Command palette').waitFor()
  await sheet.getByRole('searchbox').fill('errors')
  await expect.poll(() => sheet.getByRole('region', { name: 'Everywhere' }).count()).toBe(0)
  await sheet.getByText('Errors only').waitFor()
  await sheet.getByRole('checkbox').uncheck()
  await page.keyboard.press('Escape')
  await page.keyboard.press('x')
  await page.keyboard.press('Control+k')
  await page.getByRole('dialog', { name: 'Command palette' }).waitFor()
  expect(new URL(page.url()).searchParams.has('errors')).toBe(false)
})

test('everybody can read and use it, in both themes', async () => {
  const page = await open(treeOf(session.id, '?errors=true'))
  await rowsIn(page).nth(3).waitFor()
  await page.keyboard.press('End')
  const inspector = inspectorOf(page)
  await inspector.getByRole('button', { name: 'Input and output' }).click()
  await inspector.getByRole('list', { name: 'Its events' }).waitFor()
  await expectAccessibleInBothThemes(page)
  await page.keyboard.press('?')
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
  await expectAccessibleInBothThemes(page)
  await page.keyboard.press('Escape')
  await page.keyboard.press('Control+k')
  await page.getByRole('option').first().waitFor()
  await expectAccessibleInBothThemes(page)
  const narrow = await visit(url(treeOf(session.id)), { viewport: { width: 390, height: 800 } })
  await rowsIn(narrow).first().waitFor()
  expect(await narrow.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
})
