import type { RunRow } from '@signalbox/model/rows.ts'
import { visible } from '../../text.ts'
import { mostCalls } from './calls.ts'

interface NotDrawnProps {
  readonly run: RunRow
  readonly drawn: number
  readonly problem: string | undefined
  readonly read: () => void
}

/** Says which calls the lanes lack, and gets them where the page may hold more. */
export function NotDrawn({ run, drawn, problem, read }: NotDrawnProps) {
  const missing = run.totals.llmCalls + run.totals.toolCalls - drawn
  if (missing <= 0 && problem === undefined) return null
  return (
    <p className="border-b border-line px-4 py-1 text-xs text-wait">
      {problem === undefined
        ? `${missing.toLocaleString('en')} older calls are not drawn. `
        : `Older calls could not be read: ${visible(problem)}. `}
      {drawn >= mostCalls ? (
        `The page draws ${mostCalls.toLocaleString('en')} at most.`
      ) : (
        <button type="button" className="text-accent underline" onClick={read}>
          Read them
        </button>
      )}
    </p>
  )
}
