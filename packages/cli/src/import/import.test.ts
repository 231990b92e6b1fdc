/** Every count here is taken from the files by code of its own, so that a mapping cannot agree with itself. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { EventInput } from '@signalbox/model/event.ts'
import { expect, test } from 'vitest'
import { folded } from './folded.testing.ts'
import { type Format, formats } from './import.ts'
import { readFiles } from './read-files.ts'

const root = resolve(import.meta.dirname, '..', '..', '..', '..')
const data = resolve(root, process.env.SIGNALBOX_TEST_DATA ?? '../shared/data')
const folders = {
  gastown: 'gastown-fleet',
  'claude-code': 'claude-code-sessions',
  langfuse: 'genai-spans/langfuse-framework-traces',
  otlp: 'genai-spans/opentelemetry-proto-examples',
  'who-and-when': 'who-and-when',
} as const
const folder = (format: Format) => join(data, folders[format])
const imported = async (format: Format) => formats[format].map(await readFiles(format, folder(format)))

const linesOf = (file: string) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
/** All matches of the first group. */
const found = (lines: readonly string[], pattern: RegExp) =>
  lines.flatMap((line) => [...line.matchAll(pattern)].map((match) => match[1] ?? ''))

test('the recordings are where the tests look for them', () => {
  for (const name of Object.values(folders)) expect(existsSync(join(data, name)), join(data, name)).toBe(true)
})

test.each(Object.keys(formats) as Format[])('%s: the same files give the same events, each id once, in time order', async (format) => {
  const { events, report } = await imported(format)
  const files = await readFiles(format, folder(format))
  const again = formats[format].map(files.toReversed())
  expect(events).toEqual((await imported(format)).events)
  expect(new Set(again.events.map((event) => event.id))).toEqual(new Set(events.map((event) => event.id)))
  expect(new Set(events.map((event) => event.id)).size).toBe(events.length)
  expect(report.events).toBe(events.length)
  expect(report.derived).toBe(events.filter((event) => event.data?.derived === true).length)
  const times = events.map((event) => event.time)
  expect(times).toEqual(times.toSorted())
})

// OTLP's own examples are of no agent.
test.each((Object.keys(formats) as Format[]).filter((format) => format !== 'otlp'))(
  '%s: nobody is heard of after the end of the recording',
  async (format) => {
    const { events } = await imported(format)
    const ended = new Set<string>()
    for (const { agent, type, data } of events) {
      expect(ended.has(agent ?? ''), `${agent} ${type}`).toBe(false)
      if (agent !== undefined && type === 'agent.stopped' && data?.reason === 'end of the recording') ended.add(agent)
    }
    expect(ended.size).toBeGreaterThan(0)
  },
)

const sourceOf = (event: EventInput) => (event.data?.source ?? {}) as { readonly id?: number; readonly created_at?: string }
const gastownLines = linesOf(join(folder('gastown'), 'events.union.jsonl'))

test('gastown: each of the 8,495 lines is one event at its own time, whole', async () => {
  const { events, report } = await imported('gastown')
  const told = events.filter((event) => event.data?.derived !== true)
  expect(gastownLines).toHaveLength(8_495)
  expect(report.records).toBe(8_495)
  expect(told.map((event) => JSON.stringify(event.data?.source)).toSorted()).toEqual(
    gastownLines.map((line) => JSON.stringify(JSON.parse(line))).toSorted(),
  )
  for (const event of told) expect(Date.parse(event.time)).toBe(Date.parse(sourceOf(event).created_at ?? ''))
})

test('gastown: the 76 numbers used twice with other content are named, and both contents are kept', async () => {
  const numbers = found(gastownLines, /,"id":(\d+),"issue_id":/g)
  const twice = numbers.filter((number, at) => numbers.indexOf(number) !== at)
  const { events, report } = await imported('gastown')
  expect(twice).toHaveLength(76)
  expect(report.idsReusedWithOtherContent.toSorted()).toEqual(twice.toSorted())
  for (const number of twice) {
    const both = events.filter((event) => event.data?.derived !== true && String(sourceOf(event).id) === number)
    expect(new Set(both.map((event) => event.id)).size, number).toBe(2)
  }
})

test('gastown: 31 actors, 309 delegations to 19 workers, a mayor that manages', async () => {
  const { events, report } = await imported('gastown')
  const actors = new Set(found(gastownLines, /^\{"actor":"([^"]*)"/g))
  const hooks = found(gastownLines, /"new_value":"\{\\"assignee\\":\\"([^\\]+)\\",\\"status\\":\\"hooked\\"/g)
  expect([actors.size, hooks.length, new Set(hooks).size]).toEqual([31, 309, 19])
  expect([report.agents, report.delegations, report.delegatedTo]).toEqual([actors.size, hooks.length, new Set(hooks).size])
  const started = new Map(events.filter((event) => event.type === 'agent.started').map((event) => [event.agent, event.data]))
  expect(new Set(started.keys())).toEqual(actors)
  expect(started.get('mayor')).toMatchObject({ role: 'manager' })
  expect(started.get('gastown/polecats/nux')).toMatchObject({ role: 'worker', manager: 'mayor' })
  expect(started.get('Steve Yegge')).toMatchObject({ role: 'human' })
})

test('gastown: a task closed more than once ends more than once in the log', async () => {
  const subject = (line: string) => /"issue_id":"([^"]+)"/.exec(line)?.[1] ?? ''
  const closings = Object.entries(
    Object.groupBy(
      gastownLines.filter((line) => line.includes('"event_type":"closed"')),
      subject,
    ),
  )
  const { events } = await imported('gastown')
  const ends = events.filter((event) => ['task.completed', 'task.canceled', 'task.rejected'].includes(event.type))
  expect(closings.filter(([, lines]) => (lines ?? []).length > 1)).toHaveLength(314)
  // Closings of the records that describe agents are not the end of a task.
  const records = /^gt-(gastown-(polecat|crew)-.+|gastown-(witness|refinery)|mayor|deacon|rig-.+)$/
  const tasks = closings.filter(([task]) => !records.test(task))
  expect(ends).toHaveLength(tasks.reduce((sum, [, lines]) => sum + (lines ?? []).length, 0))
})

const transcripts = readdirSync(folder('claude-code'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.jsonl'))
const transcriptLines = transcripts.flatMap((name) => linesOf(join(folder('claude-code'), name)))
test('claude-code: seven sessions with seven subagent files, and one more that only its parent tells of', async () => {
  const { events, report } = await imported('claude-code')
  expect(new Set(found(transcriptLines, /"sessionId":"([^"]+)"/g)).size).toBe(7)
  const files = transcripts.filter((name) => name.includes('subagents'))
  expect(files).toHaveLength(7)
  const workers = folded(events).agents.filter(({ role }) => role?.value === 'worker')
  expect([report.runs, workers.length]).toEqual([7, 8])
  const orphan = workers.filter(({ manager }) => manager === undefined)
  expect(orphan.map(({ id }) => id)).toEqual(['claude-code/6c2214d7/afc096d'])
})

test('claude-code: every tool call starts once and ends once, and a Task call delegates', async () => {
  const { events, report } = await imported('claude-code')
  const uses = new Set(found(transcriptLines, /"type":"tool_use","id":"([^"]+)"/g))
  const calls = (...types: string[]) => events.filter((event) => types.includes(event.type)).map((event) => String(event.data?.call))
  expect(calls('tool.started').toSorted()).toEqual([...uses].toSorted())
  expect(calls('tool.finished', 'tool.failed').toSorted()).toEqual([...uses].toSorted())
  const orders = new Set(found(transcriptLines, /"type":"tool_use","id":"([^"]+)","name":"Task"/g))
  expect(report.delegations).toBe(orders.size)
  const { tasks, calls: rows, agents } = folded(events)
  const ended = new Map(tasks.map(({ id, state, contradicted }) => [id, `${state} ${contradicted}`]))
  expect(ended).toEqual(new Map([...orders].map((id) => [id, 'completed 0'])))
  // What its workers did is of the task, though their own files do not know it.
  const ofTasks = rows.filter(({ task }) => task !== undefined)
  const linked = agents.filter(({ role, manager, id }) => role?.value === 'worker' && manager !== undefined && !id.includes('acompact'))
  expect(linked).toHaveLength(orders.size)
  expect(ofTasks).toHaveLength(linked.reduce((sum, { totals }) => sum + totals.llmCalls + totals.toolCalls, 0))
})

test('claude-code: usage that is repeated on every line of a message counts once, at its greatest', async () => {
  const { events } = await imported('claude-code')
  const greatest = new Map<string, { input: number; read: number; write: number; output: number }>()
  for (const line of transcriptLines) {
    const id = /"requestId":"(req_[^"]+)"/.exec(line)?.[1]
    const usage =
      /"usage":\{"input_tokens":(\d+),"cache_creation_input_tokens":(\d+),"cache_read_input_tokens":(\d+),.*?"output_tokens":(\d+)/.exec(
        line,
      )
    if (id === undefined || usage === null) continue
    const [, input = 0, write = 0, read = 0, output = 0] = usage.map(Number)
    const had = greatest.get(id) ?? { input: 0, read: 0, write: 0, output: 0 }
    const all = input + write + read
    greatest.set(id, {
      input: Math.max(had.input, all),
      read: Math.max(had.read, read),
      write: Math.max(had.write, write),
      output: Math.max(had.output, output),
    })
  }
  const rows = folded(events)
  const calls = rows.calls.filter(({ kind, outcome }) => kind === 'llm' && outcome === 'finished')
  expect(calls).toHaveLength(569)
  const none = { reasoningTokens: 0, costMicros: 0 }
  expect(new Map(calls.map(({ id, usage }) => [id, usage]))).toEqual(
    new Map(
      [...greatest].map(([id, { input, read, write, output }]) => [
        id,
        { inputTokens: input, cacheReadTokens: read, cacheWriteTokens: write, outputTokens: output, ...none },
      ]),
    ),
  )
  const sum = (of: 'input' | 'output') => [...greatest.values()].reduce((all, usage) => all + usage[of], 0)
  const total = (of: 'inputTokens' | 'outputTokens') => rows.runs.reduce((all, { totals }) => all + totals[of], 0)
  expect([total('inputTokens'), total('outputTokens')]).toEqual([sum('input'), sum('output')])
})

const conversations = readdirSync(folder('who-and-when'), { recursive: true, encoding: 'utf8' }).filter((name) => /\d+\.json$/.test(name))

test('who-and-when: 113 runs at a made-up pace, each step one event, each failure at its step', async () => {
  const { events, report } = await imported('who-and-when')
  const texts = conversations.map((name) => readFileSync(join(folder('who-and-when'), name), 'utf8'))
  const steps = texts.reduce((sum, text) => sum + (text.match(/^ {12}"role": /gm) ?? []).length, 0)
  expect([conversations.length, steps]).toEqual([113, 2_213])
  expect([
    report.runs,
    report.records,
    events.filter((event) => event.data?.step !== undefined && event.data?.derived !== true).length,
  ]).toEqual([113, steps, steps])
  const begun = events.filter((event) => event.type === 'run.started')
  expect(begun.every((event) => event.data?.synthetic === true)).toBe(true)
  const marked = events.filter((event) => event.data?.mistake !== undefined)
  expect(marked).toHaveLength(113)
  const labels = texts.map((text) => Number(/"mistake_step": "(\d+)"/.exec(text)?.[1]))
  expect(marked.map((event) => Number(event.data?.step)).toSorted()).toEqual(labels.toSorted())
  const orders = texts.reduce((sum, text) => sum + (text.match(/"role": "Orchestrator \(-> /g) ?? []).length, 0)
  const crafted = conversations.filter((name) => name.startsWith('Hand-Crafted')).length
  expect(report.delegations).toBe(orders + crafted)
})

test('what is not of the format is reported, not fatal', () => {
  const line =
    '{"actor":"mayor","comment":null,"created_at":"2026-02-26T15:13:23Z","event_type":"created","id":1,"issue_id":"a","new_value":"","old_value":""}'
  const { report } = formats.gastown.map([{ path: 'events.union.jsonl', text: `${line}\nnot json\n${line}\n{"id":2}\n` }])
  expect(report.records).toBe(4)
  expect(report.skipped.map(({ what, count }) => [what, count])).toEqual([
    ['unreadable line', 2],
    ['repeated line', 1],
  ])
  expect(formats['claude-code'].map([{ path: 'a.jsonl', text: 'no\n{}' }]).report).toMatchObject({ events: 0, runs: 0, records: 2 })
  expect(formats['who-and-when'].map([{ path: '1.json', text: '[' }]).report.skipped).toMatchObject([{ what: 'unreadable file', count: 1 }])
})

test('a time that no event can have, and a kind that no type can be, cost their line or their word alone', () => {
  const change = (more: object) =>
    JSON.stringify({ actor: 'mayor', created_at: '2026-02-26T15:13:23Z', event_type: 'created', issue_id: 'a', new_value: '', ...more })
  const changes = [
    change({ id: 1 }),
    change({ id: 2, created_at: '1969-12-31T23:59:59Z' }),
    change({ id: 3, created_at: '+012026-01-01T00:00:00Z' }),
    change({ id: 4, event_type: 'äh? what' }),
  ]
  const { events, report } = formats.gastown.map([{ path: 'events.union.jsonl', text: changes.join('\n') }])
  expect(report.skipped).toMatchObject([{ what: 'unreadable line', count: 2 }])
  expect(events.map(({ type }) => type)).toContain('custom.gastown._h__what')
  const line = (timestamp: string) =>
    JSON.stringify({ type: 'user', sessionId: 's', uuid: timestamp, timestamp, message: { content: 'hi' } })
  const session = formats['claude-code'].map([{ path: 'a.jsonl', text: `${line('1960-01-01')}\n${line('2026-02-26T15:13:23Z')}` }])
  expect(session.report.skipped).toMatchObject([{ what: 'user without time or id', count: 1 }])
  expect(session.report.events).toBeGreaterThan(0)
})

test('claude-code: a session may be as long as it likes', () => {
  const line = (n: number) => `{"type":"user","sessionId":"s","uuid":"${n}","timestamp":"2026-02-26T15:13:23Z","message":{"content":[]}}`
  const text = Array.from({ length: 150_000 }, (_, n) => line(n)).join('\n')
  expect(formats['claude-code'].map([{ path: 'a.jsonl', text }]).report).toMatchObject({ records: 150_000, runs: 1 })
})
