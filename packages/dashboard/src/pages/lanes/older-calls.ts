/** Calls that the feed's snapshot left out: it brings a run's newest closed ones only. */
import type { CallRow, RunRow } from '@signalbox/model/rows.ts'
import { useEffect, useState } from 'react'
import { fetchJson, useShown } from '../../live/live.ts'
import { useShownRun } from '../../live/run.ts'
import { mostCalls } from './calls.ts'
import { callKey } from './keys.ts'

const pageCalls = 1_000

interface CallView extends Omit<CallRow, 'outcome' | 'startedAt' | 'endedAt'> {
  readonly state: string
  readonly startedAt?: string
  readonly endedAt?: string
}

interface Page {
  readonly items: readonly CallView[]
  readonly next: string | null
}

const msOf = (time: string | undefined) => (time === undefined ? undefined : Date.parse(time))

const rowOf = ({ state, startedAt, endedAt, ...call }: CallView): CallRow => ({
  ...call,
  startedAt: msOf(startedAt),
  endedAt: msOf(endedAt),
  outcome: state === 'finished' || state === 'failed' ? state : undefined,
})

export interface OlderCalls {
  readonly calls: readonly CallRow[]
  readonly reading: boolean
  readonly problem?: string | undefined
}
const none: OlderCalls = { calls: [], reading: false }

/** What was read is told this often at most: who shows it lays everything out anew. */
const tellMs = 300

/** Reads them when the run has come (`ready`) and has more than it brought, `most` of them; anew with another `again`. */
export function useOlderCalls(
  run: RunRow | undefined,
  held: readonly CallRow[],
  ready: boolean,
  again: number,
  most = mostCalls,
): OlderCalls {
  const [found, setOlder] = useState(none)
  // A past moment's rows are whole, and what was read now is not of it.
  const isPast = useShown(({ at }) => at !== undefined)
  const older = isPast ? none : found
  const id = run?.id
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked once when a run opens, not with every call that comes
  useEffect(() => {
    setOlder(none)
    if (isPast || !ready || run === undefined || run.totals.llmCalls + run.totals.toolCalls <= held.length) return
    let wanted = true
    setOlder({ calls: [], reading: true })
    const known = new Set(held.map(callKey))
    const read = async () => {
      const calls: CallRow[] = []
      let next: string | null = ''
      let toldAt = performance.now()
      while (wanted && next !== null) {
        const after: string = next === '' ? '' : `&cursor=${encodeURIComponent(next)}`
        const page: Page = await fetchJson(`/v1/runs/${encodeURIComponent(run.id)}/calls?limit=${pageCalls}${after}`)
        for (const view of page.items) {
          const call = rowOf(view)
          if (call.outcome !== undefined && !known.has(callKey(call))) calls.push(call)
        }
        next = calls.length + known.size < most ? page.next : null
        if (next !== null && performance.now() - toldAt < tellMs) continue
        toldAt = performance.now()
        if (wanted) setOlder({ calls: [...calls], reading: next !== null })
      }
    }
    read().catch((error: Error) => wanted && setOlder(({ calls }) => ({ calls, reading: false, problem: error.message })))
    return () => {
      wanted = false
    }
  }, [id, ready, again, isPast])
  const { calls } = older
  useEffect(() => useShownRun.setState({ older: new Map(calls.map((call) => [callKey(call), call])) }), [calls])
  return older
}
