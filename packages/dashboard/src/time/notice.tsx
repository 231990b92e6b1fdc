import { visible } from '../text.ts'
import { usePlay } from './play.ts'

/** What came of the last step. */
export function Notice() {
  const notice = usePlay(({ notice }) => notice)
  return (
    <output aria-live="polite" data-testid="step" className="min-w-0 truncate text-xs text-soft">
      {visible(notice)}
    </output>
  )
}
