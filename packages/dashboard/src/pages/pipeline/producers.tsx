/** Producers that lost events or share a name, by name. */
import { age, visible, whole } from '../../text.ts'
import { ailing, lossOf, type Producer } from './health.ts'

const mostGaps = 20

export function Producers({
  producers,
  more,
  now,
}: {
  readonly producers: readonly Producer[]
  readonly more: boolean
  readonly now: number
}) {
  const found = ailing(producers)
  return (
    <section aria-label="Producers" className="min-w-0">
      <h2 className="mb-2 text-sm font-semibold">Producers</h2>
      {producers.length === 0 ? (
        <p className="text-soft">None numbers its events. With `seq` in their events, what a producer lost is named here.</p>
      ) : (
        <p className="mb-1 text-soft">
          {whole(producers.length)}
          {more ? ' and more' : ''} {producers.length === 1 ? 'numbers its' : 'number their'} events
          {found.length === 0 ? '; none lost any, none share a name.' : `; ${whole(found.length)} of them lost some or share a name.`}
        </p>
      )}
      <ul className="divide-y divide-line/60">
        {found.map((producer) => (
          <li key={producer.source} className="py-1.5">
            <p className="break-words">
              <span className="text-wait">! </span>
              {visible(lossOf(producer) ?? producer.source)}
              {producer.clones > 0 && (
                <span className="text-bad">
                  {' '}
                  · {whole(producer.clones)} {producer.clones === 1 ? 'event' : 'events'} with a number of another: two producers with one
                  name
                </span>
              )}
            </p>
            <p className="text-xs tabular-nums text-faint">
              {whole(producer.received)} received, up to {whole(producer.high)} · last seen {age(now - Date.parse(producer.lastSeenAt))} ago
              {producer.restarts > 0 && ` · ${whole(producer.restarts)} restarts`}
              {producer.gaps.length > 1 &&
                ` · missing ${producer.gaps
                  .slice(-mostGaps)
                  .map(({ from, to }) => (from === to ? from : `${from}–${to}`))
                  .join(', ')}${producer.gaps.length > mostGaps ? ' …' : ''}`}
            </p>
          </li>
        ))}
      </ul>
    </section>
  )
}
