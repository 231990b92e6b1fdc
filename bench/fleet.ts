/** What the benchmarks send: a fleet, of 50 agents in 20 runs unless said, model and tool calls, about 300 bytes of JSON an event. */
import type { EventInput } from '@signalbox/model/event.ts'

const padding = 'the agent read a file, changed two lines and ran the tests again before it answered'

export interface FleetSize {
  /** Of each sender. */
  readonly runs: number
  /** Of all; each is in some of the runs of each sender. */
  readonly agents: number
}
const small: FleetSize = { runs: 10, agents: 50 }

/** Makes batches of one sender's events. Each tool call begins in one batch and ends in the next or the one after, as calls that take longer than a batch do. */
export function createFleet(nextId: () => string, sender: number, { runs, agents }: FleetSize = small): (count: number) => EventInput[] {
  let open: EventInput[] = []
  // Anywhere: of a fleet without end each sender then has agents of its own, in each round.
  let turn = Math.floor(Math.random() * 1_000_000_000)
  // Over batches, however large: as many calls end as begin.
  let made = 0
  return (count) => {
    const ending = open
    const begun: EventInput[] = []
    const events = Array.from({ length: count }, (_, i) => {
      const step = made % 4
      made += 1
      if (step === 0) turn += 1
      const base = {
        id: nextId(),
        source: `bench-${sender}`,
        time: new Date().toISOString(),
        agent: `worker-${(turn + sender) % agents}`,
        run: `run-${sender}-${turn % runs}`,
      }
      const ended = step === 3 ? ending.shift() : undefined
      if (ended !== undefined)
        return {
          ...base,
          agent: ended.agent ?? base.agent,
          run: ended.run ?? base.run,
          type: 'tool.finished',
          data: { call: ended.id, name: 'Bash', result: padding },
        }
      switch (step) {
        case 0: {
          const started = { ...base, type: 'tool.started', data: { call: base.id, name: 'Bash', args: { command: padding } } }
          begun.push(started)
          return started
        }
        case 1:
          return {
            ...base,
            type: 'llm.finished',
            data: { call: base.id, model: 'large', usage: { inputTokens: 1200 + i, outputTokens: 80 }, costMicros: 900, text: padding },
          }
        default:
          return { ...base, type: 'log', data: { level: 'info', message: padding, step: i } }
      }
    })
    open = [...ending, ...begun]
    return events
  }
}
