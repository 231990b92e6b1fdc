import type { RunRow } from '@signalbox/model/rows.ts'
import { visible, whole } from '../../text.ts'
import type { OlderCalls } from '../lanes/older-calls.ts'

/** Calls that the page holds of a run at most; it says what it lacks. */
export const mostCalls = 100_000

interface MissingProps {
  readonly run: RunRow
  readonly held: number
  readonly older: OlderCalls
  readonly read: () => void
}

/** Says which calls the tree lacks, so that nobody takes its sums for all: those of the run are in the header. */
export function Missing({ run, held, older, read }: MissingProps) {
  const all = run.totals.llmCalls + run.totals.toolCalls
  const missing = all - held
  if (older.problem === undefined && missing <= 0) return null
  return (
    <p role="status" className="border-b border-line px-4 py-1 text-xs text-wait">
      {older.problem !== undefined ? (
        `Older calls could not be read: ${visible(older.problem)}. `
      ) : older.reading ? (
        <>
          Reading older calls: {whole(held)} of {whole(all)} …{' '}
          <progress max={all} value={held} aria-label="Calls read" className="ml-2 h-1.5 w-40 align-middle" />
        </>
      ) : (
        `${whole(missing)} older calls are not here: sums of the rows lack them. `
      )}
      {!older.reading &&
        (held >= mostCalls ? (
          `The page holds ${whole(mostCalls)} at most.`
        ) : (
          <button type="button" className="text-accent underline" onClick={read}>
            Read them
          </button>
        ))}
    </p>
  )
}
