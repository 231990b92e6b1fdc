/** Runs a fleet with its real client against a server, and puts what the server shows of it beside what the fleet says that it did. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import { getJson, type TestServer } from '../server.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..', '..')

const tokens = ['inputTokens', 'cacheReadTokens', 'cacheWriteTokens', 'outputTokens', 'reasoningTokens'] as const
type Tokens = { readonly [T in (typeof tokens)[number]]?: number }

interface Call extends Tokens {
  readonly agent: string
  readonly kind: 'llm' | 'tool'
  readonly name?: string
  readonly state: string
}

/** One run, by the fleet's own book. */
interface Did {
  /** Where the fleet cannot know its id, its name must be its own. */
  readonly run?: string
  readonly name?: string
  readonly state: string
  readonly calls: readonly Call[]
  /** How often, by "<kind> <from> <to>". */
  readonly edges: Readonly<Record<string, number>>
  readonly roles?: Readonly<Record<string, string>>
}

/** A key of the server's, which clients insist on. */
export async function ingestKey(server: TestServer): Promise<string> {
  const args = [join(root, 'packages/cli/src/main.ts'), 'keys', 'create', 'clients', '--scope', 'ingest']
  const { stdout } = await run(process.execPath, args, { env: { ...process.env, SIGNALBOX_DATA: server.data } })
  return stdout.trim()
}

/** What a page of docs/doors/ says to paste, below a heading of it: it goes into a fleet as it stands, but for the address and the key. */
interface Pasted {
  readonly page: string
  readonly heading?: string
}

async function pastedCode({ page, heading = 'Paste this' }: Pasted, server: TestServer, key: string): Promise<string> {
  const text = await readFile(join(root, 'docs', 'doors', `${page}.md`), 'utf8')
  const [, below = ''] = text.split(`## ${heading}\n`)
  const [, code] = /```js\n(.*?)```/s.exec(below) ?? []
  if (code === undefined) throw new Error(`${page}.md has no code below "${heading}".`)
  return code.replaceAll('http://127.0.0.1:4400', server.url).replaceAll('sbx_…', key)
}

interface FleetOptions {
  readonly args?: readonly string[]
  /** The fleet finds it by `SIGNALBOX_PASTED`. */
  readonly pasted?: Pasted
}

export async function runFleet(server: TestServer, key: string, name: string, { args = [], pasted }: FleetOptions = {}) {
  // Where Node finds the clients, and git nothing.
  const folder = await mkdtemp(join(import.meta.dirname, 'node_modules', '.pasted-'))
  try {
    const file = join(folder, 'pasted.mjs')
    if (pasted !== undefined) await writeFile(file, await pastedCode(pasted, server, key))
    const fleet = join(import.meta.dirname, 'fleets', `${name}.mjs`)
    // Nothing of our own environment: clients switch themselves off in tests, or take settings from it.
    const env = { SIGNALBOX_URL: server.url, SIGNALBOX_KEY: key, SIGNALBOX_PASTED: file }
    const { stdout } = await run(process.execPath, ['--import', join(import.meta.dirname, 'offline.mjs'), fleet, ...args], { env })
    // Clients say this and that of themselves before.
    return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as readonly Did[]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

interface ShownCall {
  readonly agent?: string
  readonly kind: string
  readonly name: string
  readonly state: string
  readonly startedAt?: string
  readonly endedAt?: string
  readonly usage: Required<Tokens>
}
interface ShownAgent {
  readonly id: string
  readonly role?: string
  readonly totals: Required<Tokens> & { readonly llmCalls: number; readonly toolCalls: number; readonly errors: number }
}
interface ShownTask {
  readonly state: string
  readonly assignee?: string
  readonly title?: string
}
interface Graph {
  readonly run: { readonly id: string; readonly name?: string; readonly state: string; readonly totals: Required<Tokens> }
  readonly agents: readonly ShownAgent[]
  readonly tasks: readonly ShownTask[]
  readonly edges: readonly { readonly kind: string; readonly from: string; readonly to: string; readonly count: number }[]
}

async function runNamed(server: TestServer, wanted: string | undefined): Promise<string> {
  const { items } = await getJson<{ items: readonly { readonly id: string; readonly name?: string }[] }>(`${server.url}/v1/runs?limit=200`)
  const [found, ...others] = items.filter(({ name }) => name === wanted)
  if (found === undefined || others.length > 0)
    throw new Error(`There are ${items.map(({ name }) => name).join(', ')}; one "${wanted}" was expected.`)
  return found.id
}

const sorted = <T>(rows: readonly T[]): T[] => [...rows].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
const sum = (calls: readonly Tokens[], of: keyof Tokens) => calls.reduce((total, call) => total + (call[of] ?? 0), 0)
const sums = (calls: readonly Tokens[]) => Object.fromEntries(tokens.map((of) => [of, sum(calls, of)]))
const tokensOf = (usage: Tokens) => Object.fromEntries(tokens.map((of) => [of, usage[of] ?? 0]))
const agentsOf = (calls: readonly Call[]) => sorted([...new Set(calls.map(({ agent }) => agent))])

async function expectRun(server: TestServer, did: Did): Promise<Graph> {
  const at = `${server.url}/v1/runs/${encodeURIComponent(did.run ?? (await runNamed(server, did.name)))}`
  const graph = await getJson<Graph>(`${at}/graph`)
  const { items: calls } = await getJson<{ items: readonly ShownCall[] }>(`${at}/calls?limit=500`)

  expect(sorted(calls.map(({ agent, kind, name, state, usage }) => ({ agent, kind, name, state, ...tokensOf(usage) })))).toEqual(
    sorted(did.calls.map(({ agent, kind, name, state, ...usage }) => ({ agent, kind, name, state, ...tokensOf(usage) }))),
  )
  expect(calls.filter(({ startedAt, endedAt }) => startedAt === undefined || endedAt === undefined)).toEqual([])
  expect(Object.fromEntries(graph.edges.map(({ kind, from, to, count }) => [`${kind} ${from} ${to}`, count]))).toEqual(did.edges)
  expect(graph.run).toMatchObject({ state: did.state, totals: sums(did.calls), ...(did.name && { name: did.name }) })
  expect(sorted(graph.agents.map(({ id }) => id))).toEqual(agentsOf(did.calls))
  return graph
}

/**
 * Whatever the server shows of the fleet is what it did: each call once, whose it was and what it took, who asked whom, and no agent that
 * was none. Answers the runs.
 */
export async function expectShown(server: TestServer, runs: readonly Did[]): Promise<readonly Graph[]> {
  expect(runs.length).toBeGreaterThan(0)
  const graphs = await Promise.all(runs.map((did) => expectRun(server, did)))
  const calls = runs.flatMap((did) => did.calls)
  const roles = Object.assign({}, ...runs.map((did) => did.roles)) as Record<string, string>
  for (const agent of agentsOf(calls)) {
    const own = calls.filter((call) => call.agent === agent)
    expect(await getJson<ShownAgent>(`${server.url}/v1/agents/${encodeURIComponent(agent)}`)).toMatchObject({
      id: agent,
      ...(roles[agent] && { role: roles[agent] }),
      totals: {
        ...sums(own),
        llmCalls: own.filter(({ kind }) => kind === 'llm').length,
        toolCalls: own.filter(({ kind }) => kind === 'tool').length,
        errors: own.filter(({ state }) => state === 'failed').length,
      },
    })
  }
  return graphs
}
