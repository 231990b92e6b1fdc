/** Histories of promises kept, as many and as wild as wanted: steps drawn by fast-check, played on a model. */
import fc from 'fast-check'
import type { HistoryEntry, Sent } from '../history/history.ts'
import { createModelRun, idAt } from './model-run.testing.ts'

interface Step {
  readonly kind: string
  readonly who: number
  readonly many: number
  readonly which: number
}

const kinds = [
  'send',
  'send',
  'send',
  'invoke',
  'invoke',
  'commit',
  'commit',
  'ok',
  'ok',
  'ok',
  'info',
  'fail',
  'again',
  'conflict',
  'conflict',
  'conflict',
  'own',
  'deliver',
  'deliver',
]
  .concat(['deliver', 'gap', 'resync', 'cut', 'connect', 'fault'])
  .map((kind) => fc.constant(kind))

export const steps = fc.array(
  fc.record<Step>({
    kind: fc.oneof(...kinds),
    who: fc.nat({ max: 2 }),
    many: fc.integer({ min: 1, max: 5 }),
    which: fc.nat({ max: 1_000 }),
  }),
  { minLength: 15, maxLength: 120 },
)

export const pick = <T>(from: readonly T[], which: number): T | undefined => from[which % from.length]

/** What three senders and three observers of a Signalbox that keeps every promise would tell. */
export function play(all: readonly Step[]): HistoryEntry[] {
  const history: HistoryEntry[] = []
  const run = createModelRun((entry) => history.push(entry))
  type Call = ReturnType<typeof run.invoke>
  let waiting: Call[] = []
  let made = 0
  const sent: Sent[] = []
  const event = (which: number): Sent => {
    made += 1
    const base = { source: `agent-${which % 3}`, run: `run-${which % 4}`, hash: `hash-${made}` }
    if (which % 11 === 0) return { id: idAt(made, made), ...base, poison: true }
    return {
      id: idAt(which % 13 === 0 ? made - 3_600_000 : made, made),
      ...base,
      adds: { inputTokens: made, outputTokens: 1, costMicros: which },
    }
  }
  const invoke = (process: string, events: readonly Sent[]) => waiting.push(run.invoke(process, events))
  const end = (which: number, how: 'ok' | 'info' | 'fail', may: (call: Call) => boolean) => {
    const call = pick(waiting.filter(may), which)
    if (call === undefined) return
    run.end(call, how)
    waiting = waiting.filter((other) => other !== call)
  }
  for (const observer of ['o-0', 'o-1', 'o-2']) run.connect(observer)
  for (const { kind, who, many, which } of all) {
    const observer = `o-${who}`
    if (kind === 'invoke') {
      const events = Array.from({ length: many }, (_, i) => event(which + i))
      sent.push(...events)
      invoke(`s-${who}`, events)
    } else if (kind === 'send') {
      const events = [event(which)]
      sent.push(...events)
      run.send(`s-${who}`, events)
    } else if (kind === 'again' && sent.length > 0) invoke(`s-${who}`, sent.slice(which % sent.length).slice(0, many))
    else if (kind === 'conflict') {
      const other = pick(sent, which)
      if (other !== undefined && other.poison !== true) invoke(`s-${who}`, [{ ...other, hash: `other-${which}` }])
    } else if (kind === 'commit') {
      const call = pick(
        waiting.filter(({ answer }) => answer === undefined),
        which,
      )
      if (call !== undefined) run.commit(call)
    } else if (kind === 'ok') end(which, 'ok', ({ answer }) => answer !== undefined)
    else if (kind === 'info') end(which, 'info', () => true)
    else if (kind === 'fail') end(which, 'fail', ({ answer }) => answer === undefined)
    else if (kind === 'own') run.notice({ ...event(1), source: 'signalbox' })
    else if (kind === 'deliver') run.deliver(observer, which % 3, many)
    else if (kind === 'gap') run.gap(observer, which % 3, many)
    else if (kind === 'resync') run.resync(observer)
    else if (kind === 'cut') run.cut(observer)
    else if (kind === 'connect') run.connect(observer)
    else run.fault('kill')
  }
  run.finish(3)
  return history
}
