import { useLayoutEffect, useRef } from 'react'
import { visible, whole } from '../../text.ts'
import type { OlderOffer } from './use-older.ts'

interface OlderOfferedProps {
  /** There are runs that are not shown: figures lack them. */
  readonly isCut: boolean
  readonly offer: OlderOffer | undefined
  /** Older runs that are shown. */
  readonly shown: number
  readonly isFiltered: boolean
  /** A paused page shows what was then, and the server's list is of now. */
  readonly paused: boolean
}

/** Gets older runs, and says how that goes: above the list, where it is always in sight, and keys come to it before thousands of rows. */
export function OlderOffered({ isCut, offer, shown, isFiltered, paused }: OlderOfferedProps) {
  const words = useRef<HTMLSpanElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  const isReading = offer?.state === 'reading'
  const isOffered = isReading || (!paused && offer?.state === 'more')
  const hasFocus = button.current !== null && button.current === document.activeElement
  useLayoutEffect(() => {
    // The button went with the last page, and the focus would with it.
    if (!isOffered && hasFocus) words.current?.focus()
  })
  return (
    <>
      {isCut && <span className="text-soft">Figures are of the runs shown.</span>}
      <span
        role="status"
        ref={words}
        tabIndex={-1}
        className={`min-w-0 break-words empty:-ml-3 ${isReading ? 'sr-only' : paused || offer?.problem === undefined ? 'text-soft' : 'text-bad'}`}
      >
        {offer !== undefined && saidOf(offer, { shown, isFiltered, paused })}
      </span>
      {isOffered && (
        <button
          ref={button}
          type="button"
          aria-disabled={isReading}
          onClick={offer?.read}
          className="whitespace-nowrap tabular-nums text-accent underline aria-disabled:text-faint aria-disabled:no-underline max-md:py-1"
        >
          {isReading ? lookingAt(offer.looked) : offer?.problem === undefined ? 'Show older runs' : 'Try again'}
        </button>
      )}
    </>
  )
}

const lookingAt = (looked: number) => `Reading older runs …${looked === 0 ? '' : ` ${whole(looked)} looked through`}`

type Circumstances = Pick<OlderOfferedProps, 'shown' | 'isFiltered' | 'paused'>

function saidOf({ state, looked, inVain, problem }: OlderOffer, { shown, isFiltered, paused }: Circumstances): string {
  if (state === 'reading') return 'Reading older runs …'
  if (state === 'ended') return isFiltered ? 'No more older runs match.' : 'There are no older runs: all are shown.'
  if (state === 'full') return `The page holds ${whole(shown)} older runs, as many as it may; /v1/runs has all.`
  if (paused) return 'Resume to read older runs.'
  // Without the cursor, which tells nobody anything.
  if (problem !== undefined) return `Older runs could not be read: ${visible(problem.replace(/\?\S*/, ''))}.`
  return inVain ? `Looked through ${whole(looked)} runs and found no other${isFiltered ? ' that matches' : ''}.` : ''
}
