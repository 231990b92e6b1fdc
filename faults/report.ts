/** What a run of scenarios comes to, for people. */
import { failureBound } from './check/bound.ts'
import type { Plan } from './plan.ts'
import type { Series } from './series.ts'
import type { ScenarioResult } from './world/run.ts'

const whole = (value: number) => Math.round(value).toLocaleString('en')

interface Line {
  readonly fault: string
  readonly struck: number
  readonly fired: number
  readonly shown: string
}

/** One line a fault: how often it struck, and what showed that it did. */
function linesOf(results: readonly ScenarioResult[]): readonly Line[] {
  const lines = new Map<string, Line>()
  for (const { fault, fired, error } of results.flatMap(({ struck }) => struck)) {
    const before = lines.get(fault) ?? { fault, struck: 0, fired: 0, shown: '' }
    const shown = fired ?? `did not strike: ${error}`
    lines.set(fault, { fault, struck: before.struck + 1, fired: before.fired + (fired === undefined ? 0 : 1), shown })
  }
  return [...lines.values()]
}

export const isGood = ({ findings, uncounted }: ScenarioResult): boolean => findings.length === 0 && uncounted.length === 0

export function scenarioText(result: ScenarioResult): string {
  const { name, seed, events, seconds, struck, findings, uncounted, looked, folder } = result
  const verdict = findings.length > 0 ? `${findings.length} FINDINGS` : uncounted.length > 0 ? 'DOES NOT COUNT' : 'holds'
  return [
    `${name}, seed ${seed}: ${verdict}; ${whole(events)} events acknowledged, ${struck.length} faults, ${whole(looked)} comparisons, ${whole(seconds)} s`,
    ...findings.map((finding) => `  ${finding.replaceAll('\n', '\n  ')}`),
    ...uncounted.map((why) => `  does not count: ${why}`),
    ...(isGood(result) ? [] : [`  what it left: ${folder}`]),
  ].join('\n')
}

export function tableOf(results: readonly ScenarioResult[], notRun: Plan['notRun']): string {
  const lines = linesOf(results)
  return [
    '| fault | struck | fired | what showed it, last |',
    '| --- | --- | --- | --- |',
    ...lines.map(({ fault, struck, fired, shown }) => `| ${fault} | ${struck} | ${fired} | ${shown.replaceAll('|', '/').slice(0, 160)} |`),
    ...notRun.map(({ fault, why }) => `| ${fault} | not run | | ${why} |`),
  ].join('\n')
}

/** What is counted, one of them and more. */
const nouns = { faults: ['fault', 'faults'], kills: ['kill', 'kills'], cuts: ['power cut', 'power cuts'] } as const

/** The bound is of what the run is about: rivals that only open a series are told beside it. */
export function summaryOf(results: readonly ScenarioResult[], about: Series | 'faults' = 'faults'): string {
  const [one, more] = nouns[about]
  const sum = (of: (result: ScenarioResult) => number) => results.reduce((total, result) => total + of(result), 0)
  const broken = (law: string) => whole(sum((result) => result.broken[law] ?? 0))
  const firedOf = (opening: boolean) =>
    sum(({ struck }) => struck.filter(({ fired, isOpening }) => fired !== undefined && isOpening === opening).length)
  const [fired, rivals] = [firedOf(false), firedOf(true)]
  const bad = results.filter((result) => !isGood(result)).length
  const bound = (failureBound(fired).exact * 100).toPrecision(2)
  return [
    `${results.length} histories, ${whole(sum(({ seconds }) => seconds))} s; ${whole(fired)} ${more}${rivals === 0 ? '' : `, ${whole(rivals)} rival${rivals === 1 ? '' : 's'}`}; ${whole(sum(({ events }) => events))} events acknowledged, ${broken('lost')} of them lost, ${broken('duplicate')} doubled; ${whole(sum(({ seen }) => seen['duplicate-suppressed']))} repeats recognised; ${whole(sum(({ seen }) => seen['ambiguous-ack']))} acknowledgements in doubt; ${whole(sum(({ seen }) => seen['fence-rejection']))} writes of fenced writers refused; ${whole(sum(({ looked }) => looked))} comparisons.`,
    bad === 0
      ? `Every law held, and every history counts. No failure in ${whole(fired)} ${more}: at 95 % confidence such a ${one} breaks a law at most ${bound} % of the time.`
      : `${bad} of ${results.length} histories broke a law or do not count.`,
  ].join('\n\n')
}

/** Fail points that were struck, each once, as the faults name them. */
export function pointsIn(results: readonly ScenarioResult[]): ReadonlySet<string> {
  const shown = results.flatMap(({ struck }) => struck.map(({ fired = '' }) => fired.split('; not come to')[0] ?? ''))
  return new Set(shown.flatMap((text) => text.match(/[\w/-]+\.ts:\w+:(?:before|under|after):\d+/g) ?? []))
}
