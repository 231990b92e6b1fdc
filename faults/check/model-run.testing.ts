/** A Signalbox that keeps every promise, in memory, and the history that it and those around it would tell. */
import type { HistoryEntry, Place, Sent, Told } from '../history/history.ts'

const partitions = 3
const began = Date.parse('2026-11-26T10:00:00Z')

/** A UUIDv7 of that time. */
export function idAt(ms: number, number: number): string {
  const time = (began + ms).toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${number.toString(16).padStart(12, '0')}`
}

interface Call {
  readonly process: string
  readonly call: number
  readonly events: readonly Sent[]
  answer?: { readonly accepted: number; readonly duplicates: number; readonly refused: { index: number; id: string; code: string }[] }
}

export type Ending = 'ok' | 'info' | 'fail'

const partitionOf = ({ run = '' }: Sent) => [...run].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % partitions

/** `tell` gets each entry as it is written down. */
export function createModelRun(tell: (entry: HistoryEntry) => void) {
  const logs: Place[][] = Array.from({ length: partitions }, () => [])
  const stored = new Map<string, string>()
  const runs = new Map<string, { events: number; inputTokens: number; outputTokens: number; costMicros: number }>()
  const own: Sent[] = []
  const quarantine: { id: string; code: string }[] = []
  const fates = { received: 0, stored: 0, duplicate: 0, refused: 0, quarantined: 0 }
  const streams = new Map<string, { open: boolean; at: number[] }>()
  let calls = 0
  let t = 0

  const say = (process: string, entry: Told) => {
    t += 1
    tell({ t, process, ...entry } as HistoryEntry)
  }
  const cursor = (at: readonly number[]) => Object.fromEntries(at.map((position, partition) => [partition, position]))

  function store(event: Sent): void {
    const log = logs[partitionOf(event)] ?? []
    log.push([partitionOf(event), log.length + 1, event.id, event.hash])
    stored.set(event.id, event.hash)
    if (event.run === undefined) return
    const row = runs.get(event.run) ?? { events: 0, inputTokens: 0, outputTokens: 0, costMicros: 0 }
    const { inputTokens = 0, outputTokens = 0, costMicros = 0 } = event.adds ?? {}
    runs.set(event.run, {
      events: row.events + 1,
      inputTokens: row.inputTokens + inputTokens,
      outputTokens: row.outputTokens + outputTokens,
      costMicros: row.costMicros + costMicros,
    })
  }

  function rows(): Record<string, string> {
    const made: Record<string, string> = {
      'calls/open': '{"id":"open"}',
      'tasks/open': '{"id":"open","state":"working"}',
    }
    for (const [run, { events, ...totals }] of runs) made[`runs/${run}`] = JSON.stringify({ events, id: run, totals })
    return made
  }

  const run = {
    invoke(process: string, events: readonly Sent[]): Call {
      calls += 1
      const call: Call = { process, call: calls, events }
      say(process, { op: 'send', type: 'invoke', call: call.call, door: 'rest', events })
      return call
    },
    /** The server takes the call, whether or not anybody hears of it. */
    commit(call: Call): void {
      const refused: { index: number; id: string; code: string }[] = []
      let accepted = 0
      call.events.forEach((event, index) => {
        const held = stored.get(event.id)
        fates.received += 1
        if (event.poison === true || (held !== undefined && held !== event.hash)) {
          const code = event.poison === true ? 'INVALID_EVENT' : 'ID_REUSED'
          refused.push({ index, id: event.id, code })
          quarantine.push({ id: event.id, code })
          fates.quarantined += 1
        } else if (held !== undefined) fates.duplicate += 1
        else {
          store(event)
          accepted += 1
          fates.stored += 1
        }
      })
      call.answer = { accepted, duplicates: call.events.length - accepted - refused.length, refused }
    },
    end({ process, call, answer }: Call, how: Ending): void {
      if (how === 'ok' && answer !== undefined) say(process, { op: 'send', type: 'ok', call, ...answer, durability: 'durable' })
      else say(process, { op: 'send', type: how === 'fail' ? 'fail' : 'info', call, error: how })
    },
    send(process: string, events: readonly Sent[]): void {
      const call = run.invoke(process, events)
      run.commit(call)
      run.end(call, 'ok')
    },
    /** The server finds an agent lost. */
    notice(event: Sent): void {
      own.push(event)
      store(event)
    },
    /** Again: from where it was. */
    connect(process: string): void {
      const stream = streams.get(process) ?? { open: true, at: logs.map(() => 0) }
      stream.open = true
      streams.set(process, stream)
      say(process, { op: 'observe', type: 'invoke', transport: 'ws', after: cursor(stream.at) })
    },
    cut(process: string): void {
      const stream = streams.get(process)
      if (stream?.open !== true) return
      stream.open = false
      say(process, { op: 'observe', type: 'info', error: 'reset' })
    },
    deliver(process: string, partition: number, most: number): void {
      const stream = streams.get(process)
      if (stream?.open !== true) return
      const at = stream.at[partition] ?? 0
      const places = (logs[partition] ?? []).slice(at, at + most)
      if (places.length === 0) return
      stream.at[partition] = at + places.length
      say(process, { op: 'observe', type: 'ok', places })
    },
    gap(process: string, partition: number, most: number): void {
      const stream = streams.get(process)
      if (stream?.open !== true) return
      const at = stream.at[partition] ?? 0
      const to = Math.min(at + most, logs[partition]?.length ?? 0)
      if (to === at) return
      stream.at[partition] = to
      say(process, { op: 'observe', type: 'ok', gap: { partition, from: at + 1, to } })
    },
    /** From somewhere else: here, the oldest. */
    resync(process: string): void {
      const stream = streams.get(process)
      if (stream?.open !== true) return
      stream.at = logs.map(() => 0)
      say(process, { op: 'observe', type: 'ok', resync: { reason: 'epoch', at: cursor(stream.at) } })
    },
    fault(fault: string): void {
      say('nemesis', { op: 'fault', type: 'invoke', fault })
      say('nemesis', { op: 'fault', type: 'ok', fault, fired: 'signal SIGKILL' })
    },
    /** Everybody reaches the head, and all is read. */
    finish(pagePlaces = 1_000): void {
      for (const process of streams.keys()) {
        if (streams.get(process)?.open !== true) run.connect(process)
        logs.forEach((log, partition) => {
          for (let from = streams.get(process)?.at[partition] ?? 0; from < log.length; from += pagePlaces)
            run.deliver(process, partition, pagePlaces)
        })
      }
      const final = (entry: Omit<Extract<Told, { op: 'final' }>, 'op' | 'type'> & Record<string, unknown>) =>
        say('reader', { op: 'final', type: 'ok', ...entry } as Told)
      for (const log of logs)
        for (let from = 0; from < Math.max(1, log.length); from += pagePlaces)
          final({ what: 'log', places: log.slice(from, from + pagePlaces) })
      final({ what: 'own', events: own })
      final({ what: 'durability', worth: 'durable' })
      final({ what: 'quarantine', items: quarantine })
      const live = rows()
      const closed = { 'calls/closed': '{"id":"closed","outcome":"finished"}', 'tasks/done': '{"id":"done","state":"completed"}' }
      final({ what: 'projection', rows: { ...live, ...closed } })
      final({ what: 'refold', rows: { ...live, ...closed } })
      final({ what: 'live', rows: live })
      final({ what: 'fates', door: 'rest', ...fates })
      final({ what: 'chain', intact: true })
      final({ what: 'health', ackMs: 12, lag: 0, locks: 0, rssMiB: 200 })
      say('reader', { op: 'sight', type: 'ok', sight: 'fence-rejection', times: 1 })
    },
  }
  return run
}
