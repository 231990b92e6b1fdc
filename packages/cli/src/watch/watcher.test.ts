/** Transcripts that grow as Claude Code writes them: cut anywhere, in several files at once. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { appendFile, mkdir, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { EventInput } from '@signalbox/model/event.ts'
import { expect, onTestFinished, test } from 'vitest'
import { claudeCode } from '../import/claude-code.ts'
import { folded } from '../import/folded.testing.ts'
import { openOffsets } from './offsets.ts'
import { createWatcher } from './watcher.ts'

const root = resolve(import.meta.dirname, '..', '..', '..', '..')
const data = join(resolve(root, process.env.SIGNALBOX_TEST_DATA ?? '../shared/data'), 'claude-code-sessions')

async function world({ since = 0 } = {}) {
  const home = await mkdtemp(join(tmpdir(), 'signalbox-watch-'))
  onTestFinished(() => rm(home, { recursive: true, force: true }))
  const folder = join(home, 'projects')
  await mkdir(folder)
  const state = join(home, 'state', 'offsets.json')
  const sent: EventInput[] = []
  const unreadable: string[] = []
  const time = { now: 1_000_000, isAway: false }
  const offsets = { of: await openOffsets(state) }
  const create = () =>
    createWatcher({
      folder,
      offsets: offsets.of,
      since,
      now: () => time.now,
      send: async (events) => {
        if (time.isAway) throw new Error('away')
        sent.push(...events)
      },
      onUnreadable: (path) => unreadable.push(path),
    })
  let watcher = create()
  return {
    folder,
    sent,
    unreadable,
    time,
    pass: (only?: ReadonlySet<string>) => watcher.pass(only),
    /** The process ends and begins again. */
    async restart({ saved = true } = {}) {
      if (saved) await offsets.of.save()
      offsets.of = await openOffsets(state)
      watcher = create()
    },
    async write(path: string, bytes: string | Uint8Array) {
      const file = join(folder, path)
      if (!existsSync(dirname(file))) await mkdir(dirname(file), { recursive: true })
      await appendFile(file, bytes)
    },
  }
}

let minute = 0
const record = (type: string, more: object = {}) => {
  minute += 1
  const timestamp = new Date(Date.UTC(2026, 4, 1, 9, minute)).toISOString()
  return { type, sessionId: 's1', uuid: `u${minute}`, timestamp, cwd: '/home/a/project', slug: 'busy-bee', ...more }
}
const said = (text: string, more: object = {}) => `${JSON.stringify(record('user', { message: { content: text }, ...more }))}\n`
const texts = (events: readonly EventInput[]) => events.flatMap(({ type, data: told }) => (type === 'message.sent' ? [told?.text] : []))

/** Whole numbers below `most` that are the same in every run. */
const dice = (seed: number) => {
  let state = seed
  return (most: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * most)
  }
}

const ends = new Set(['agent.stopped', 'run.finished'])

test('recorded sessions that grow in pieces give what their import gives, but for the end of the recording; restarts double nothing', async () => {
  const paths = readdirSync(data, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.jsonl'))
  const left = new Map(paths.map((path) => [path, readFileSync(join(data, path))]))
  const imported = claudeCode(paths.map((path) => ({ path, text: left.get(path)?.toString() ?? '' }))).events
  const { write, pass, restart, sent } = await world()
  const roll = dice(7)
  const begun = new Set<string>()
  for (let step = 1; left.size > 0; step += 1) {
    const path = [...left.keys()][roll(left.size)] ?? ''
    const wrote = [path]
    const take = async (file: string, length: number) => {
      const bytes = left.get(file) ?? Buffer.alloc(0)
      await write(file, bytes.subarray(0, length))
      if (length < bytes.length) left.set(file, bytes.subarray(length))
      else left.delete(file)
    }
    const length = roll(120_000)
    // Claude Code begins a subagent's file before its parent tells of it.
    const piece = left.get(path)?.toString('utf8', 0, length) ?? ''
    for (const other of [...left.keys()]) {
      const agent = /agent-(\w+)\.jsonl$/.exec(other)?.[1]
      if (agent === undefined || begun.has(agent) || !piece.includes(`"agentId":"${agent}"`)) continue
      begun.add(agent)
      await take(other, roll(200))
      wrote.push(other)
    }
    await take(path, length)
    await pass(step % 5 === 0 ? undefined : new Set(wrote))
    if (step % 40 === 0) await restart()
  }
  await pass()
  const own = sent.filter(({ type }) => !type.endsWith('.attributed'))
  expect(new Set(own.map(({ id }) => id)).size).toBe(own.length)
  const byId = (events: readonly EventInput[]) => new Map(events.map((event) => [event.id, event]))
  const told = imported.filter(({ type, data: said }) => !(ends.has(type) && said?.reason === 'end of the recording'))
  expect(byId(sent)).toEqual(byId(told))
  expect(imported.length).toBeGreaterThan(told.length)
  const inOrder = (events: readonly EventInput[]) =>
    [...byId(events).values()].toSorted((a, b) => (`${a.time}${a.id}` < `${b.time}${b.id}` ? -1 : 1))
  expect(folded(inOrder(sent))).toEqual(folded(inOrder(told)))
  // In the order in which it came: who is there, what it took, and what became of it.
  const came = folded(sent)
  const should = folded(told)
  expect(came.calls).toEqual(should.calls)
  expect(came.runs.map(({ id, totals, tasks }) => ({ id, totals, tasks }))).toEqual(
    should.runs.map(({ id, totals, tasks }) => ({ id, totals, tasks })),
  )
  const who = ({ agents }: typeof came) =>
    agents.map(({ id, role, manager, totals }) => [id, role?.value, manager?.value, totals.toolCalls])
  expect(who(came)).toEqual(who(should))
})

test('half a line waits for its end; a whole one without its newline does not', async () => {
  const { write, pass, sent } = await world()
  const line = said('Grüße')
  const cut = Buffer.from(line).indexOf(Buffer.from('ü')) + 1
  await write('p/s1.jsonl', Buffer.from(line).subarray(0, cut))
  await pass()
  expect(sent).toEqual([])
  await write('p/s1.jsonl', Buffer.from(line).subarray(cut))
  await write('p/s1.jsonl', said('again').trimEnd())
  await pass()
  expect(texts(sent)).toEqual(['Grüße', 'again'])
  await write('p/s1.jsonl', `\n${said('third')}`)
  await pass()
  expect(texts(sent)).toEqual(['Grüße', 'again', 'third'])
})

test('a file that was truncated, replaced or taken away and came back is read anew; what was sent has the same ids', async () => {
  const { write, pass, sent, folder, unreadable } = await world()
  const first = said('one')
  await write('s1.jsonl', first + said('two'))
  await pass()
  await truncate(join(folder, 's1.jsonl'), Buffer.byteLength(first))
  await pass()
  expect(texts(sent)).toEqual(['one', 'two', 'one'])
  const whole = said('other') + said('than before') + said('and longer')
  await writeFile(join(folder, 'new'), whole)
  await rename(join(folder, 'new'), join(folder, 's1.jsonl'))
  await pass()
  expect(texts(sent).slice(3)).toEqual(['other', 'than before', 'and longer'])
  await rm(join(folder, 's1.jsonl'))
  await pass()
  await write('s1.jsonl', whole)
  await pass()
  expect(texts(sent).slice(6)).toEqual(['other', 'than before', 'and longer'])
  expect(new Set(texts(sent)).size).toBe(new Set(sent.flatMap(({ type, id }) => (type === 'message.sent' ? [id] : []))).size)
  expect(unreadable).toEqual([])
})

test('usage that is repeated on each line of a message counts once while it grows, also over a restart', async () => {
  const { write, pass, restart, sent } = await world()
  await write('s1.jsonl', said('Go'))
  for (const [index, output] of [3, 9, 9].entries()) {
    const usage = { input_tokens: 5, cache_read_input_tokens: 10, output_tokens: output }
    const message = { id: 'msg_1', model: 'opus', usage, content: [{ type: 'text', text: `part ${index}` }] }
    await write('s1.jsonl', `${JSON.stringify(record('assistant', { requestId: 'req_1', message }))}\n`)
    await pass()
    if (index === 1) await restart()
  }
  const { calls, runs } = folded(sent)
  expect(calls.map(({ id, outcome, usage }) => [id, outcome, usage.inputTokens, usage.outputTokens])).toEqual([
    ['req_1', 'finished', 15, 9],
  ])
  expect(runs[0]?.totals).toMatchObject({ llmCalls: 1, inputTokens: 15, outputTokens: 9 })
  expect(sent.filter(({ type }) => type === 'llm.started')).toHaveLength(1)
  expect(new Set(sent.map(({ id }) => id)).size).toBe(sent.length)
})

test('old files are left alone until they change, then sent whole', async () => {
  const { write, pass, sent, folder } = await world({ since: Date.now() + 3_600_000 })
  await write('old.jsonl', said('long ago'))
  await pass()
  expect(sent).toEqual([])
  await write('old.jsonl', said('now'))
  const { utimes } = await import('node:fs/promises')
  const later = new Date(Date.now() + 7_200_000)
  await utimes(join(folder, 'old.jsonl'), later, later)
  await pass()
  expect(texts(sent)).toEqual(['long ago', 'now'])
})

test('what could not be sent is read again after a restart; a state that was not saved costs duplicates alone', async () => {
  const { write, pass, restart, sent, time } = await world()
  time.isAway = true
  await write('s1.jsonl', said('kept'))
  await expect(pass()).rejects.toThrow('away')
  time.isAway = false
  await restart()
  await pass()
  expect(texts(sent)).toEqual(['kept'])
  await restart({ saved: false })
  await pass()
  expect(texts(sent)).toEqual(['kept', 'kept'])
  expect(new Set(sent.map(({ id }) => id)).size).toBe(sent.length / 2)
})

test('of a silent file nothing is held; when it goes on it is known again', async () => {
  const { write, pass, sent, time } = await world()
  await write('s1.jsonl', said('one'))
  await pass()
  time.now += 2 * 3_600_000
  await pass()
  await write('s1.jsonl', said('two'))
  await pass()
  expect(texts(sent)).toEqual(['one', 'two'])
  expect(sent.filter(({ type }) => type === 'run.started')).toHaveLength(1)
})
