/** Runs a fleet with its real client against a server, and puts what the server shows of it beside what the fleet says that it did. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import { getJson, type TestServer } from '../server.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..', '..')

const tokens = ['inputTokens', 'cacheReadTokens', 'cacheWriteTokens', 'outputTokens', 'reasoningTokens'] as const
type Tokens = { readonly [T in (typeof tokens)[number]]?: number }

export interface Call extends Tokens {
  readonly agent: string
  readonly kind: 'llm' | 'tool'
  readonly name?: string
  readonly state: string
}

/** One run, by the fleet's own book. */
export interface Did {
  readonly run: string
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

export async function runFleet(server: TestServer, key: string, name: string, ...args: string[]): Promise<readonly Did[]> {
  const fleet = join(import.meta.dirname, 'fleets', `${name}.mjs`)
  // None of ours: clients switch themselves off in tests, or take settings from it.
  const env = { SIGNALBOX_URL: server.url, SIGNALBOX_KEY: key }
  const { stdout } = await run(process.execPath, ['--import', join(import.meta.dirname, 'offline.mjs'), fleet, ...args], { env })
  return JSON.parse(stdout) as readonly Did[]
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
interface Graph {
  readonly run: { readonly name?: string; readonly state: string; readonly agents: readonly string[]; readonly totals: Required<Tokens> }
  readonly agents: readonly { readonly id: string; readonly role?: string; readonly totals: Required<Tokens> & { llmCalls: number; toolCalls: number } }[]
  readonly tasks: readonly { readonly state: string; readonly assignee?: string }[]
  readonly edges: readonly { readonly kind: string; readonly from: string; readonly to: string; readonly count: number }[]
}

const sorted = <T>(rows: readonly T[]): T[] => [...rows].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
const sum = (calls: readonly Tokens[], of: keyof Tokens) => calls.reduce((total, call) => total + (call[of] ?? 0), 0)
const sums = (calls: readonly Tokens[]) => Object.fromEntries(tokens.map((of) => [of, sum(calls, of)]))

/** Whatever the server shows of the run is what the fleet did: each call once and whose it was, tokens, who asked whom. */
export async function expectShown(server: TestServer, did: Did) {
  const at = `${server.url}/v1/runs/${encodeURIComponent(did.run)}`
  const graph = await getJson<Graph>(`${at}/graph`)
  const { items: calls } = await getJson<{ items: readonly ShownCall[] }>(`${at}/calls?limit=500`)
  const shownCall = ({ agent, kind, name, state, usage }: ShownCall) => ({ agent, kind, name, state, ...pickTokens(usage) })
  const didCall = ({ agent, kind, name, state, ...usage }: Call) => ({ agent, kind, name, state, ...pickTokens(usage) })

  expect(sorted(calls.map(shownCall))).toEqual(sorted(did.calls.map(didCall)))
  expect(calls.filter(({ startedAt, endedAt }) => startedAt === undefined || endedAt === undefined)).toEqual([])
  expect(Object.fromEntries(graph.edges.map(({ kind, from, to, count }) => [`${kind} ${from} ${to}`, count]))).toEqual(did.edges)
  expect(graph.run).toMatchObject({ state: did.state, totals: sums(did.calls), ...(did.name && { name: did.name }) })
  expect(sorted(graph.agents.map(({ id }) => id))).toEqual(sorted([...new Set(did.calls.map(({ agent }) => agent))]))
  for (const { id, role, totals } of graph.agents) {
    const own = did.calls.filter(({ agent }) => agent === id)
    expect({ id, ...totals }).toMatchObject({
      id,
      ...sums(own),
      llmCalls: own.filter(({ kind }) => kind === 'llm').length,
      toolCalls: own.filter(({ kind }) => kind === 'tool').length,
    })
    if (did.roles?.[id] !== undefined) expect({ id, role }).toEqual({ id, role: did.roles[id] })
  }
  return graph
}

const pickTokens = (usage: Tokens) => Object.fromEntries(tokens.map((of) => [of, usage[of] ?? 0]))
