/** What the benchmarks send: a fleet of 50 agents in 20 runs, model and tool calls, about 300 bytes of JSON an event. */
import type { EventInput } from '@signalbox/model/event.ts'

const padding = 'the agent read a file, changed two lines and ran the tests again before it answered'

export function makeEvents(
  count: number,
  nextId: () => string,
  sender: number,
  time: () => string = () => new Date().toISOString(),
): EventInput[] {
  let call = ''
  return Array.from({ length: count }, (_, i) => {
    const agent = `worker-${(Math.floor(i / 4) + sender) % 50}`
    const base = { id: nextId(), source: `bench-${sender}`, time: time(), agent, run: `run-${sender}-${Math.floor(i / 4) % 10}` }
    switch (i % 4) {
      // A tool call begins and ends; the two events name it by the place of the first.
      case 0:
        call = base.id.slice(-12)
        return { ...base, type: 'tool.started', data: { call, name: 'Bash', args: { command: padding } } }
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
}
