/** What stands in place of a run that cannot be shown. */
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { visible } from '../../text.ts'

function Notice({ head, children }: { readonly head: string; readonly children: ReactNode }) {
  return (
    <section aria-label="Run" className="mx-auto mt-20 max-w-xl flex-1 px-6">
      <h2 className="break-words text-xl font-semibold">{head}</h2>
      <p className="mt-2 text-soft">{children}</p>
    </section>
  )
}

interface NoRunProps {
  readonly id: string
  readonly refused: { readonly code: string; readonly message: string } | undefined
  readonly ready: boolean
  readonly away: boolean
}

export function NoRun({ id, refused, ready, away }: NoRunProps) {
  if (refused !== undefined)
    return (
      <Notice head="This run cannot be shown">
        The server refuses it: {visible(refused.message)} ({refused.code})
      </Notice>
    )
  if (ready)
    return (
      <Notice head={`No run “${visible(id)}” is known here`}>
        It may not have begun: this page is live, and shows it with its first event. Its name may be mistyped, or it left with the
        retention. See{' '}
        <Link to="/runs" className="text-accent underline">
          all runs
        </Link>
        .
      </Notice>
    )
  if (away) return <Notice head="The server does not answer">The page keeps trying and shows the run as soon as it is back.</Notice>
  return (
    <section aria-label="Run" aria-busy="true" className="flex-1 space-y-2 p-4">
      <p className="text-soft">Loading the run …</p>
      {[0, 1, 2, 3, 4, 5].map((i) => (
        <div key={i} className="h-6 rounded bg-raised" style={{ width: `${92 - i * 9}%`, marginLeft: `${(i % 3) * 14}px` }} />
      ))}
    </section>
  )
}
