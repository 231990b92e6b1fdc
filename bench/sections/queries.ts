/** What a page waits for: all that it asks at once, over HTTP, of agents, runs and hours anywhere in the history. */
import pg from 'pg'
import { type Bench, count, quantile, wanted } from '../harness.ts'
import type { Past } from './history.ts'

const hourMs = 3_600_000
const pagesOfAKind = 60
const repeated = 20

const kinds = ['agent', 'run', 'hour', 'timeline', 'series'] as const
type Kind = (typeof kinds)[number]
const titles: Record<Kind, string> = {
  agent: "an agent's page",
  run: "a run's page",
  hour: 'an hour of figures by agent',
  timeline: 'the timeline of an hour',
  series: 'an hour of a metric',
}
/** Of a p95, from the smallest history to the largest. */
const mostGrowth = 1.5
/** The targets are of these. */
const targeted: readonly Kind[] = ['agent', 'run', 'hour']

export interface PageFigures {
  readonly events: number
  /** p95, ms, of pages that were not asked for before. */
  readonly p95: Readonly<Record<Kind, number>>
  readonly p50: Readonly<Record<Kind, number>>
}

async function ask(url: string, paths: readonly string[]): Promise<number> {
  const startedAt = performance.now()
  await Promise.all(
    paths.map(async (path) => {
      const answer = await fetch(`${url}${path}`)
      const text = await answer.text()
      if (!answer.ok) throw new Error(`${path} was answered ${answer.status}: ${text.slice(0, 200)}`)
    }),
  )
  return performance.now() - startedAt
}

const rfc = (time: number) => new Date(time).toISOString()

/** As `packages/dashboard` asks for them: rows, the newest events, figures. */
function pathsOf(kind: Kind, { agent, run, from }: { readonly agent: string; readonly run: string; readonly from: number }): string[] {
  const window = `since=${rfc(from)}&until=${rfc(from + hourMs)}`
  switch (kind) {
    case 'agent':
      return [
        `/v1/agents/${agent}`,
        `/v1/tasks?agent=${agent}&limit=100`,
        `/v1/events?agent=${agent}&order=desc&limit=200`,
        `/v1/explore?${window}&by=model&agent=${agent}`,
      ]
    case 'run':
      return [
        `/v1/poll?feed=state&run=${run}&wait=0`,
        `/v1/runs/${run}/graph`,
        `/v1/events?run=${run}&order=desc&limit=500`,
        `/v1/runs/${run}/calls?limit=1000`,
      ]
    case 'hour':
      return [`/v1/explore?${window}&by=agent`]
    case 'timeline':
      return [`/v1/timeline?${window}&buckets=240`]
    case 'series':
      return [`/v1/metrics/series?name=queue.depth&${window}`]
  }
}

async function namesIn(database: string): Promise<{ readonly agents: readonly string[]; readonly runs: readonly string[] }> {
  const client = new pg.Client({ connectionString: database })
  await client.connect()
  const keys = async (table: string) =>
    (
      await client.query<{ key: string }>(
        'select distinct key, md5(key) as place from projections where tbl = $1 order by place limit $2',
        [table, pagesOfAKind],
      )
    ).rows.map(({ key }) => key)
  const found = { agents: await keys('agents'), runs: await keys('runs') }
  await client.end()
  return found
}

export async function measurePages(bench: Bench, { server, events, from, until }: Past): Promise<PageFigures> {
  const { agents, runs } = await namesIn(await server.database())
  const figures = { events, p95: {} as Record<Kind, number>, p50: {} as Record<Kind, number> }
  for (const kind of kinds) {
    const page = (i: number) =>
      pathsOf(kind, {
        agent: agents[i % agents.length] ?? '',
        run: runs[i % runs.length] ?? '',
        // Golden section: spread over the whole history, in no order.
        from: from + ((i * 0.618_034) % 1) * Math.max(0, until - from - hourMs),
      })
    const fresh: number[] = []
    const again: number[] = []
    for (let i = 0; i < pagesOfAKind; i += 1) fresh.push(await ask(server.url, page(i)))
    for (let i = 0; i < repeated; i += 1) again.push(await ask(server.url, page(pagesOfAKind - 1 - i)))
    for (const value of fresh) bench.sample(`${titles[kind]}, ${count(events)} events, ms`, value)
    figures.p95[kind] = quantile(fresh, 0.95)
    figures.p50[kind] = quantile(fresh, 0.5)
    bench.tell(
      `${titles[kind]} over ${count(events)} events: p50 ${ms(figures.p50[kind])}, p95 ${ms(figures.p95[kind])}; asked again p50 ${ms(quantile(again, 0.5))}, p95 ${ms(quantile(again, 0.95))} ms`,
    )
  }
  return figures
}

const ms = (value: number) => value.toFixed(value < 10 ? 1 : 0)

/** A row a kind, of all sizes. */
export function tellPages(bench: Bench, sizes: readonly PageFigures[]): void {
  const [least, most] = [sizes[0], sizes.at(-1)]
  if (least === undefined || most === undefined) return
  for (const kind of kinds) {
    const growth = most.p95[kind] / least.p95[kind]
    const isTargeted = targeted.includes(kind)
    bench.row({
      what: `${titles[kind]}, p95 (p50), over ${sizes.map(({ events }) => `${count(events / 1_000_000)} M`).join(', ')} events`,
      figure: `${sizes.map(({ p95, p50 }) => `${ms(p95[kind])} (${ms(p50[kind])})`).join(', ')} ms`,
      beside:
        sizes.length > 1
          ? `${growth.toFixed(2)} × from the smallest to the largest${isTargeted ? ` (wanted: ${mostGrowth}, ${growth <= mostGrowth ? 'reached' : '**not reached**'})` : ''}`
          : '',
      ...(isTargeted ? { wanted: wanted(most.p95[kind], 100, 50, ' ms') } : {}),
    })
  }
}
