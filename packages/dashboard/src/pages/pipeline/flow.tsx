/** The way of an event through the server, a stage after the other, each with its figures; and that nothing is lost on it. */
import type { ReactNode } from 'react'
import { age, compact, whole } from '../../text.ts'
import { type Health, ms, rate, size } from './health.ts'

type Tone = 'good' | 'wait' | 'bad'
const edges: Record<Tone, string> = { good: 'border-line', wait: 'border-wait', bad: 'border-bad' }
const signs: Record<Tone, readonly [sign: string, ink: string, word: string]> = {
  good: ['✓', 'text-good', 'good'],
  wait: ['!', 'text-wait', 'needs a look'],
  bad: ['✕', 'text-bad', 'bad'],
}

function Stage({
  name,
  figure,
  unit,
  tone,
  children,
}: {
  readonly name: string
  readonly figure: string
  readonly unit: string
  readonly tone: Tone
  readonly children: ReactNode
}) {
  const [sign, ink, word] = signs[tone]
  return (
    <li className={`min-w-0 flex-1 rounded-md border bg-panel px-3 py-2 max-md:last:col-span-2 ${edges[tone]}`}>
      <h3 className="flex items-baseline gap-1.5 text-xs font-medium text-soft">
        {name}
        <span className={`ml-auto ${ink}`}>
          <span aria-hidden="true">{sign}</span>
          <span className="sr-only">{word}</span>
        </span>
      </h3>
      <p className="my-0.5">
        <span className="whitespace-nowrap text-lg font-semibold tabular-nums">{figure}</span>{' '}
        <span className="text-xs text-faint">{unit}</span>
      </p>
      <div className="text-xs leading-relaxed tabular-nums text-faint">{children}</div>
    </li>
  )
}

const Arrow = () => (
  <li aria-hidden="true" className="self-center text-faint max-lg:hidden">
    →
  </li>
)

export function Flow({ health, now }: { readonly health: Health; readonly now: number }) {
  const { rates, queues, consumers, live, store, troubles } = health
  const tone = (...codes: readonly string[]): Tone => {
    const own = troubles.filter(({ code }) => codes.includes(code))
    return own.some(({ severity }) => severity === 'bad') ? 'bad' : own.length > 0 ? 'wait' : 'good'
  }
  const clients = live.clients.reduce((sum, one) => sum + one.clients, 0)
  const rows = consumers?.find(({ consumer }) => consumer === 'rows')
  return (
    <section aria-label="The way of an event">
      <ol className="flex items-stretch gap-2 max-lg:grid max-lg:grid-cols-5 max-md:grid-cols-2">
        <Stage name="Doors" figure={rate(rates.received)} unit="/s received" tone={tone('refused', 'not-kept', 'hooks')}>
          {rate(rates.duplicate)}/s twice · {rate(rates.refused + rates.quarantined)}/s refused
          {queues.hooks > 0 && <> · {compact(queues.hooks)} hooks wait</>}
        </Stage>
        <Arrow />
        <Stage name="Queue" figure={compact(queues.events)} unit="events wait" tone={tone('queue')}>
          {size(queues.bodyBytes)} of requests under way
        </Stage>
        <Arrow />
        <Stage
          name="Log"
          figure={rate(rates.stored)}
          unit="/s stored"
          tone={tone('store-away', 'slow-commits', 'volatile', 'fenced', 'unbalanced')}
        >
          {rate(rates.commits)} commits/s of {rates.eventsPerCommit ?? '–'} · {ms(rates.commitP50Ms)}, p95 {ms(rates.commitP95Ms)}
        </Stage>
        <Arrow />
        <Stage
          name="State"
          figure={rows === undefined ? '–' : ms(rows.ms)}
          unit="behind the log"
          tone={tone('lag-rows', 'lag-producers', 'lag-snapshots', 'lag-rollups')}
        >
          {rate(rates.rows)} rows/s
          {(consumers ?? [])
            .filter(({ consumer }) => consumer !== 'rows')
            .map(({ consumer, events, ms: behind }) => ` · ${consumer} ${events === 0 ? 'even' : `${compact(events)} (${ms(behind)})`}`)}
        </Stage>
        <Arrow />
        <Stage name="Live" figure={rate(rates.deliveries)} unit="/s delivered" tone={tone('slow-readers', 'gaps')}>
          {whole(clients)} {clients === 1 ? 'reader' : 'readers'}
          {live.clients.filter((one) => one.clients > 0).map((one) => ` · ${one.transport} ${whole(one.clients)}`)}
          <br />
          {ms(rates.liveP50Ms)} after received, p95 {ms(rates.liveP95Ms)}
        </Stage>
      </ol>
      <Balance health={health} />
      <p className="mt-1 text-xs tabular-nums text-faint">
        {store === null ? (
          'PostgreSQL does not answer.'
        ) : (
          <>
            PostgreSQL holds {whole(store.events)} events in {size(store.bytes)}, {store.days} {store.days === 1 ? 'table' : 'tables'} of
            the log
            {store.snapshotAt === null ? ', no snapshot yet' : `, newest snapshot ${age(now - Date.parse(store.snapshotAt))} old`}.{' '}
          </>
        )}
        Of rows for readers {whole(live.conflated)} were replaced by newer ones before they were sent; {whole(live.gaps)} gaps,{' '}
        {whole(live.resyncs)} resyncs and {whole(live.slowCloses)} closed readers since the start.
      </p>
    </section>
  )
}

/** The conservation law, with its figures. */
function Balance({ health: { totals } }: { readonly health: Health }) {
  const open = totals.underWay
  return (
    <p data-testid="balance" className="mt-3 text-xs tabular-nums text-soft">
      {whole(totals.received)} received = {whole(totals.stored)} stored + {whole(totals.duplicate)} duplicate + {whole(totals.refused)}{' '}
      refused + {whole(totals.quarantined)} quarantined{' '}
      {open === 0 ? <span className="text-good">✓ it adds up</span> : <span className="text-wait">+ {whole(open)} under way</span>}
    </p>
  )
}
