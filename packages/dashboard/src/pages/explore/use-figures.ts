import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { fetchJson, serverNow } from '../../live/live.ts'
import { type Asked, type Explored, queryOf } from './figures.ts'
import type { Span } from './span.ts'

/** Long windows change slowly, and cost more. */
const renewEveryMs = (lengthMs: number) =>
  lengthMs <= 3_600_000 ? 2_000 : lengthMs <= 21_600_000 ? 5_000 : lengthMs <= 86_400_000 ? 15_000 : 60_000

/** The figures of a span; `earlier`: of as long a time before it. What is shown stays until the next answer is here. */
export function useFigures(
  asked: Asked,
  span: Span,
  { paused, earlier = false }: { readonly paused: boolean; readonly earlier?: boolean },
) {
  const { by, type, agent, team, model, tool } = asked
  return useQuery({
    queryKey: ['explore', span, earlier, { by, type, agent, team, model, tool }],
    queryFn: () => {
      const to = span.kind === 'fixed' ? span.to : serverNow()
      const from = span.kind === 'fixed' ? span.from : to - span.lengthMs
      return fetchJson<Explored>(`/v1/explore?${earlier ? queryOf(asked, from - (to - from), from) : queryOf(asked, from, to)}`)
    },
    refetchInterval: span.kind === 'live' && !paused && (earlier ? 60_000 : renewEveryMs(span.lengthMs)),
    placeholderData: keepPreviousData,
    retry: 1,
  })
}
