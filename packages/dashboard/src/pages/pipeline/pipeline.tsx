/** Signalbox's own health: whether every event that came is where it belongs, and who is behind. */
import { useQuery } from '@tanstack/react-query'
import { fetchJson, serverNow, useShown } from '../../live/live.ts'
import { Copy } from '../../parts/copy.tsx'
import { age, visible, whole } from '../../text.ts'
import { Charts } from './charts.tsx'
import { Flow } from './flow.tsx'
import { type Health, type Producer, size, type Trouble, troublesOf } from './health.ts'
import { Producers } from './producers.tsx'
import { Quarantine } from './quarantine.tsx'

const everyMs = 2_000
const producersEveryMs = 5_000
const staleMs = 8_000

interface Page<T> {
  readonly items: readonly T[]
  readonly next: string | null
}

export function Pipeline() {
  const { at } = useShown()
  // Not while nobody looks: the library stops asking on a hidden page.
  const {
    data: health,
    error,
    dataUpdatedAt,
  } = useQuery({
    queryKey: ['pipeline'],
    queryFn: () => fetchJson<Health>('/v1/pipeline'),
    refetchInterval: everyMs,
    retry: false,
  })
  const { data: producers } = useQuery({
    queryKey: ['producers'],
    queryFn: () => fetchJson<Page<Producer>>('/v1/producers?limit=1000'),
    refetchInterval: producersEveryMs,
    retry: false,
  })
  const now = serverNow()
  if (health === undefined)
    return (
      <section aria-label="Pipeline" className="flex-1 p-8">
        <h2 className="sr-only">Pipeline</h2>
        <p className="text-soft">
          {error === null ? 'Asking the server how it is …' : `The server does not say how it is: ${visible(error.message)}. Asking again.`}
        </p>
      </section>
    )
  const found = producers?.items ?? []
  const isOld = error !== null || Date.now() - dataUpdatedAt > staleMs
  const away: readonly Trouble[] = isOld
    ? [
        {
          code: 'away',
          severity: 'bad',
          what: 'The server does not answer.',
          todo: `These figures are ${age(Date.now() - dataUpdatedAt)} old. Look whether it runs.`,
        },
      ]
    : []
  const troubles = [...away, ...troublesOf(health, found)]
  return (
    <section aria-label="Pipeline" className="min-w-0 flex-1 overflow-auto">
      <div className="mx-auto flex max-w-[1400px] flex-col gap-5 px-4 py-4">
        {at !== undefined && <p className="text-wait">Health is of now: the past moment that the other pages show changes nothing here.</p>}
        <div className="flex flex-wrap items-start gap-4">
          <Sentence troubles={troubles} />
          <div className="ml-auto flex items-center gap-3 text-xs tabular-nums text-faint max-md:ml-0 max-md:w-full max-md:justify-between">
            <span>
              {visible(health.version)} · up {age(health.uptimeMs)} · {size(health.process.rssBytes)} · durability {health.durability}
            </span>
            <Copy name="copy diagnostic bundle" text={() => bundle(health, found)} />
          </div>
        </div>
        <Flow health={health} now={now} />
        <Charts history={health.history} />
        <div className="grid grid-cols-[minmax(0,1fr)_minmax(0,22rem)] gap-8 max-lg:grid-cols-1">
          <Quarantine changed={health.totals.refused + health.totals.quarantined} />
          <div className="flex flex-col gap-6">
            <Producers producers={found} more={producers?.next != null} now={now} />
            <Doors doors={health.doors} />
          </div>
        </div>
      </div>
    </section>
  )
}

/** Whether all is well, and if not what to do. Announced when it changes. */
function Sentence({ troubles }: { readonly troubles: readonly Trouble[] }) {
  const [worst] = troubles
  return (
    <div role="status" data-testid="health" className="min-w-0 flex-1 max-md:basis-full">
      {worst === undefined ? (
        <h2 className="text-lg font-semibold text-good">
          <span aria-hidden="true">✓ </span>All good
          <span className="ml-2 text-[13px] font-normal text-soft max-lg:ml-0 max-lg:block">every event that came is where it belongs</span>
        </h2>
      ) : (
        <>
          <h2 className={`text-lg font-semibold ${worst.severity === 'bad' ? 'text-bad' : 'text-wait'}`}>
            <span aria-hidden="true">{worst.severity === 'bad' ? '✕ ' : '! '}</span>
            {visible(worst.what)}
          </h2>
          <p className="text-soft">{worst.todo}</p>
          {troubles.length > 1 && (
            <ul className="mt-1.5 space-y-0.5">
              {troubles.slice(1).map(({ code, severity, what, todo }) => (
                <li key={code}>
                  <span className={severity === 'bad' ? 'text-bad' : 'text-wait'}>
                    <span aria-hidden="true">{severity === 'bad' ? '✕ ' : '! '}</span>
                    {visible(what)}
                  </span>{' '}
                  <span className="text-soft">{todo}</span>
                </li>
              ))}
            </ul>
          )}
        </>
      )}
    </div>
  )
}

const columns = ['received', 'stored', 'duplicate', 'refused', 'quarantined'] as const

function Doors({ doors }: { readonly doors: Health['doors'] }) {
  if (doors.length === 0) return null
  return (
    <section aria-label="Doors">
      <h2 className="mb-2 text-sm font-semibold">Doors</h2>
      <div className="overflow-x-auto">
        <table className="w-full text-xs tabular-nums">
          <thead>
            <tr className="text-faint">
              <th scope="col" className="py-1 text-left font-normal">
                since the start
              </th>
              {columns.map((name) => (
                <th key={name} scope="col" className="pl-2 text-right font-normal" title={name}>
                  {name === 'quarantined' ? 'kept' : name === 'duplicate' ? 'twice' : name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {doors.map((door) => (
              <tr key={door.door} className="border-t border-line/60">
                <th scope="row" className="py-1 text-left font-normal">
                  {visible(door.door)}
                </th>
                {columns.map((name) => (
                  <td key={name} className={`pl-2 text-right ${name === 'refused' && door.refused > 0 ? 'text-bad' : ''}`}>
                    {whole(door[name])}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

/** For who reports a fault: figures and names, no bodies, no keys. */
function bundle(health: Health, producers: readonly Producer[]): string {
  return JSON.stringify(
    {
      health,
      producers: producers.filter(({ gaps, clones }) => gaps.length > 0 || clones > 0),
      page: { at: new Date().toISOString(), agent: navigator.userAgent, online: navigator.onLine, secure: isSecureContext },
    },
    null,
    2,
  )
}
