import { useEffect, useState } from 'react'
import { visible } from '../text.ts'
import { usePlay } from './play.ts'

/** What came of the last step. */
export function Notice() {
  const notice = usePlay(({ notice }) => notice)
  return (
    <output aria-live="polite" data-testid="step" className="min-w-0 truncate text-xs text-soft empty:hidden">
      {visible(notice)}
    </output>
  )
}

const saidMs = 4_000

/** Where no bar has a place for it: a step that led nowhere from what is live. */
export function PassingNotice() {
  const [said, say] = useState('')
  useEffect(() => usePlay.subscribe(({ notice }, before) => notice !== before.notice && say(notice)), [])
  useEffect(() => {
    if (said === '') return
    const timer = setTimeout(() => say(''), saidMs)
    return () => clearTimeout(timer)
  }, [said])
  return (
    <output
      aria-live="polite"
      data-testid="step"
      className={
        said === '' ? 'sr-only' : 'fixed bottom-4 left-4 z-40 rounded-md border border-line bg-raised px-3 py-1.5 text-xs shadow-lg'
      }
    >
      {visible(said)}
    </output>
  )
}
