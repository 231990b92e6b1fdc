import type { RunRow } from '@signalbox/model/rows.ts'
import { useEffect, useRef, useState } from 'react'
import { useShown } from '../../live/live.ts'
import { visible, whole } from '../../text.ts'
import type { StoppedAt } from './bars.ts'
import { blobsOf, eventsOf, saveAs } from './export.ts'
import type { Node } from './node.ts'
import { fileName, reportOf } from './report.ts'

interface ExportProps {
  readonly run: RunRow
  readonly root: Node
  readonly stoppedAt: StoppedAt
  readonly clock: () => number
}

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'reading'; readonly events: number }
  | { readonly kind: 'failed'; readonly why: string }

/** The run as files: its events as they are stored, or a report. */
export function Export({ run, root, stoppedAt, clock }: ExportProps) {
  const [open, setOpen] = useState(false)
  const [state, setState] = useState<State>({ kind: 'idle' })
  const stop = useRef<AbortController>(undefined)
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => () => stop.current?.abort(), [])
  useEffect(() => {
    if (!open) return
    const outside = ({ target }: Event) => {
      if (target instanceof Element && !place.current?.contains(target)) setOpen(false)
    }
    // Before the page's own Escape, which closes the inspector.
    const onEscape = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return
      event.stopPropagation()
      setOpen(false)
    }
    addEventListener('pointerdown', outside)
    addEventListener('keydown', onEscape, true)
    return () => {
      removeEventListener('pointerdown', outside)
      removeEventListener('keydown', onEscape, true)
    }
  }, [open])
  const events = async () => {
    const control = new AbortController()
    stop.current = control
    setState({ kind: 'reading', events: 0 })
    try {
      const { at } = useShown.getState()
      const parts = await eventsOf(run.id, at, control.signal, (count) => setState({ kind: 'reading', events: count }))
      saveAs(fileName(run.id, 'events.jsonl'), parts, 'application/x-ndjson')
      setState({ kind: 'idle' })
      setOpen(false)
    } catch (error) {
      setState(control.signal.aborted ? { kind: 'idle' } : { kind: 'failed', why: error instanceof Error ? error.message : String(error) })
    }
  }
  const report = () => {
    saveAs(fileName(run.id, 'report.md'), blobsOf(reportOf(root, { now: clock(), stoppedAt })), 'text/markdown')
    setOpen(false)
  }
  return (
    <div ref={place} className="relative">
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        className="rounded border border-line bg-panel px-2 py-0.5 text-xs text-soft hover:text-ink"
      >
        export
      </button>
      {open && (
        <div className="absolute right-0 z-30 mt-1 flex w-64 flex-col gap-1 rounded-md border border-line bg-raised p-2 shadow-lg">
          <button type="button" disabled={state.kind === 'reading'} onClick={() => void events()} className={choice}>
            Events as JSONL <span className="text-faint">{whole(run.events)}</span>
          </button>
          <button type="button" onClick={report} className={choice}>
            Report as Markdown <span className="text-faint">{whole(root.size + 1)} rows</span>
          </button>
          {state.kind === 'reading' && (
            <p role="status" className="px-2 text-xs text-soft">
              {whole(state.events)} of {whole(run.events)}
              <progress max={run.events} value={state.events} aria-label="Events read" className="mx-2 h-1.5 w-24 align-middle" />
              <button type="button" className="text-accent hover:underline" onClick={() => stop.current?.abort()}>
                stop
              </button>
            </p>
          )}
          {state.kind === 'failed' && (
            <p className="break-words px-2 text-xs text-bad">The events could not be read: {visible(state.why)}</p>
          )}
        </div>
      )}
    </div>
  )
}

const choice = 'flex justify-between gap-3 rounded px-2 py-1 text-left hover:bg-panel disabled:opacity-60'
