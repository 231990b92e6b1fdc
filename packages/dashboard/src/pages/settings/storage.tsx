import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useAway } from '../../live/connection.ts'
import { useNow } from '../../live/live.ts'
import { clearLocalData, readUsage } from '../../offline/usage.ts'
import { age, dateTime, whole } from '../../text.ts'
import { useKept } from '../../views.ts'
import { button, Card, Fact, gravely } from './parts.tsx'

function bytes(count: number): string {
  if (count < 1_000) return `${count} B`
  if (count < 1_000_000) return `${Math.round(count / 1_000)} kB`
  if (count < 1_000_000_000) return `${(count / 1_000_000).toFixed(1)} MB`
  return `${(count / 1_000_000_000).toFixed(1)} GB`
}

export function Storage() {
  const { data: usage } = useQuery({ queryKey: ['usage'], queryFn: readUsage, refetchInterval: 5_000, networkMode: 'always' })
  const { waiting } = useKept()
  // By this machine's clock, as it was written.
  useNow()
  const now = Date.now()
  const { rows, events = 0, files = 0, usedBytes, quotaBytes, worksOffline = false } = usage ?? {}
  return (
    <Card>
      <dl aria-label="Kept in this browser" className="divide-y divide-line">
        <Fact name="Opens without network">
          {worksOffline ? `yes, ${whole(files)} files` : isSecureContext ? 'not yet' : 'no: it needs https, or this machine'}
        </Fact>
        <Fact name="Rows of the fleet">
          {rows === undefined ? (
            'none yet'
          ) : (
            <span title={dateTime(rows.savedAt)}>
              as of {age(now - rows.savedAt)} ago · {bytes(rows.bytes)}
              {rows.whole ? '' : ' · not all: there is too much'}
            </span>
          )}
        </Fact>
        <Fact name="Events of the tail">{events === 0 ? 'none yet' : `the newest ${whole(events)}`}</Fact>
        <Fact name="Changes that wait for the server">{whole(waiting)}</Fact>
        <Fact name="Storage used">
          {usedBytes === undefined ? 'the browser does not say' : `${bytes(usedBytes)} of ${bytes(quotaBytes ?? 0)}`}
        </Fact>
      </dl>
      <Clear waiting={waiting} />
    </Card>
  )
}

function Clear({ waiting }: { readonly waiting: number }) {
  const [asked, setAsked] = useState(false)
  const [clearing, setClearing] = useState(false)
  const away = useAway()
  if (!asked)
    return (
      <div className="px-4 py-3">
        <button type="button" className={gravely} onClick={() => setAsked(true)}>
          Clear local data …
        </button>
      </div>
    )
  return (
    <fieldset className="px-4 py-3">
      <legend className="sr-only">Clear local data</legend>
      <p>
        Removes all of this, the settings and the key of this tab from this browser. The server keeps everything that it has.
        {waiting > 0 && <strong className="font-semibold text-bad"> {whole(waiting)} of your changes would be lost.</strong>}
        {away && <strong className="font-semibold text-bad"> The page opens again only when the server is reached.</strong>}
      </p>
      <div className="mt-3 flex gap-2">
        <button
          type="button"
          disabled={clearing}
          className="rounded-md border border-bad bg-bad/10 px-2.5 py-1 text-bad"
          onClick={() => {
            setClearing(true)
            void clearLocalData()
          }}
        >
          {clearing ? 'clearing …' : 'Clear it'}
        </button>
        {/* biome-ignore lint/a11y/noAutofocus: it takes the place of the button that was pressed */}
        <button type="button" autoFocus className={button} onClick={() => setAsked(false)}>
          Keep it
        </button>
      </div>
    </fieldset>
  )
}
