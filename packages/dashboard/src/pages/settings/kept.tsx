import { Link, useRouter } from '@tanstack/react-router'
import { useNow } from '../../live/live.ts'
import { age, dateTime, visible, whole } from '../../text.ts'
import { type Acknowledgement, removeView, type SavedView, unacknowledge, useKept } from '../../views.ts'
import { button, Card } from './parts.tsx'

const Nothing = ({ children }: { readonly children: string }) => <p className="px-4 py-3 text-faint">{children}</p>

export function Waiting() {
  const { waiting, refused } = useKept()
  return (
    <>
      <p role="status" className={waiting > 0 ? 'mb-3 text-wait' : 'sr-only'}>
        {waiting === 0
          ? 'The server has every change.'
          : `${whole(waiting)} ${waiting === 1 ? 'change waits' : 'changes wait'} for the server. They are kept here until it is back.`}
      </p>
      {refused !== undefined && (
        <p role="alert" className="mb-3 text-bad">
          {refused}
        </p>
      )}
    </>
  )
}

function View({ view: { id, name, screen, search, savedAt } }: { readonly view: SavedView }) {
  const { history } = useRouter()
  return (
    <li className="flex items-center justify-between gap-4 px-4 py-2.5">
      <div className="min-w-0">
        <a
          href={`${screen}${search}`}
          onClick={(event) => {
            if (event.metaKey || event.ctrlKey || event.shiftKey) return
            event.preventDefault()
            history.push(`${screen}${search}`)
          }}
          className="block truncate text-accent hover:underline"
        >
          {visible(name)}
        </a>
        <p className="truncate font-mono text-xs text-faint" title={dateTime(savedAt)}>
          {visible(screen + search)}
        </p>
      </div>
      <button type="button" className={button} onClick={() => removeView(id)} aria-label={`Remove the view ${visible(name)}`}>
        remove
      </button>
    </li>
  )
}

export function Views() {
  const { views } = useKept()
  return (
    <Card>
      {views.length === 0 ? (
        <Nothing>None yet.</Nothing>
      ) : (
        <ul aria-label="Saved views" className="max-h-80 divide-y divide-line overflow-auto">
          {views.map((view) => (
            <View key={view.id} view={view} />
          ))}
        </ul>
      )}
    </Card>
  )
}

function Known({ known: { subject, note, at } }: { readonly known: Acknowledgement }) {
  const now = useNow()
  // A task's key is its run and its id.
  const name = visible(subject.replace('\u001f', ' / '))
  return (
    <li className="flex items-center justify-between gap-4 px-4 py-2.5">
      <div className="min-w-0">
        <Link to="/" search={{ sel: subject } as never} className="block truncate text-accent hover:underline">
          {name}
        </Link>
        <p className="truncate text-xs text-faint" title={dateTime(at)}>
          {age(now - at)} ago{note === '' ? '' : ` · ${visible(note)}`}
        </p>
      </div>
      <button type="button" className={button} onClick={() => unacknowledge(subject)} aria-label={`Take back that ${name} is known`}>
        take back
      </button>
    </li>
  )
}

export function Acknowledged() {
  const { acknowledged } = useKept()
  const newest = [...acknowledged.values()].sort((a, b) => b.at - a.at)
  return (
    <Card>
      {newest.length === 0 ? (
        <Nothing>Nothing is acknowledged.</Nothing>
      ) : (
        <ul aria-label="Acknowledged troubles" className="max-h-80 divide-y divide-line overflow-auto">
          {newest.map((known) => (
            <Known key={known.subject} known={known} />
          ))}
        </ul>
      )}
    </Card>
  )
}
