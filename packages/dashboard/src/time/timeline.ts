/** What the bar draws: how much happened when, asked for anew while the window follows what is live. */
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { fetchJson } from '../live/live.ts'
import type { TimeWindow } from './window.ts'

export type MarkKind = 'failed' | 'lost' | 'stuck' | 'alert' | 'restart'
export interface Mark {
  readonly at: number
  readonly kind: MarkKind
  readonly agent?: string | undefined
  readonly task?: string | undefined
}
interface Bucket {
  readonly events: number
  readonly errors: number
  readonly delegations: number
}
export interface Timeline extends TimeWindow {
  readonly oldest: number | undefined
  readonly step: number
  readonly buckets: readonly Bucket[]
  readonly marks: readonly Mark[]
  readonly truncated: boolean
  readonly looked: number
}

interface Answer {
  readonly since: string
  readonly until: string
  readonly oldest: string | null
  readonly step: number
  readonly buckets: readonly Bucket[]
  readonly marks: readonly (Omit<Mark, 'at'> & { readonly time: string })[]
  readonly truncated: boolean
  readonly looked: number
}

const buckets = 240
const renewMs = 10_000

async function read({ since, until }: TimeWindow): Promise<Timeline> {
  const path = `/v1/timeline?since=${new Date(since).toISOString()}&until=${new Date(until).toISOString()}&buckets=${buckets}`
  const answer = await fetchJson<Answer>(path)
  return {
    ...answer,
    since: Date.parse(answer.since),
    until: Date.parse(answer.until),
    oldest: answer.oldest === null ? undefined : Date.parse(answer.oldest),
    marks: answer.marks.map(({ time, ...mark }) => ({ ...mark, at: Date.parse(time) })),
  }
}

export function useTimeline(window: TimeWindow) {
  return useQuery({
    queryKey: ['timeline', window.since, window.until],
    queryFn: () => read(window),
    placeholderData: keepPreviousData,
    staleTime: renewMs,
    gcTime: renewMs,
    retry: 1,
  })
}
