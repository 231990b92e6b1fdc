import { useEffect, useRef } from 'react'
import { useBindings } from '../../keys.ts'
import { KeyButton, Toggle } from '../../parts/controls.tsx'
import { clock, dateTime, spanOf } from '../../text.ts'
import type { View } from './view.ts'
import { type Extent, fitted, panned, type Window, zoomed } from './window.ts'

/** A step of the keys and buttons. */
const zoomStep = 0.7
const panStep = 0.2
const size = 'min-w-8 rounded-md px-2 py-1'

interface ControlsProps {
  readonly view: View
  readonly extentAt: (now: number) => Extent
  readonly clock: () => number
  readonly following: boolean
  readonly live: boolean
}

/** Moves the window by keys and buttons; the pointer does it in the lanes. */
export function Controls({ view, extentAt, clock: nowOf, following, live }: ControlsProps) {
  const change = (to: (window: Window, extent: Extent) => Window | undefined) => () => {
    const extent = extentAt(nowOf())
    view.move(to(view.window(extent), extent))
  }
  const zoom = (factor: number) => change((window, extent) => zoomed(window, factor, 0.5, extent))
  const pan = (share: number) => change((window, extent) => panned(window, share, extent))
  const fit = change((_, extent) => fitted(extent))
  const follow = change(() => undefined)
  useBindings([
    { keys: 'w', about: 'Zoom in', run: zoom(zoomStep) },
    { keys: 's', about: 'Zoom out', run: zoom(1 / zoomStep) },
    { keys: 'a', about: 'Earlier', run: pan(-panStep) },
    { keys: 'd', about: 'Later', run: pan(panStep) },
    { keys: 'f', about: 'Fit the whole run', run: fit },
    { keys: 'l', about: live ? 'Follow live' : 'Back to the whole run', run: follow },
  ])
  return (
    <fieldset aria-label="Time window" className="flex items-center gap-1.5">
      <KeyButton look={size} label="Earlier" keys="a" press={pan(-panStep)}>
        ‹
      </KeyButton>
      <KeyButton look={size} label="Later" keys="d" press={pan(panStep)}>
        ›
      </KeyButton>
      <KeyButton look={size} label="Zoom out" keys="s" press={zoom(1 / zoomStep)}>
        −
      </KeyButton>
      <KeyButton look={size} label="Zoom in" keys="w" press={zoom(zoomStep)}>
        +
      </KeyButton>
      <KeyButton look={size} label="Fit the whole run" keys="f" press={fit}>
        fit
      </KeyButton>
      {live && (
        <Toggle on={following} press={follow}>
          {following ? '● following live' : 'follow live (l)'}
        </Toggle>
      )}
    </fieldset>
  )
}

const dayMs = 86_400_000

/** Within a day the time tells enough. */
export const windowText = ({ from, to }: Window): string => {
  const text = to - from < dayMs / 2 ? clock : (at: number) => dateTime(at).slice(0, 16)
  return `${text(from)} – ${text(to)} · ${spanOf(to - from)}`
}

/** The shown window in words, written by each frame without React. */
export function WindowText({ told }: { readonly told: (write: (text: string) => void) => void }) {
  const place = useRef<HTMLSpanElement>(null)
  useEffect(
    () =>
      told((text) => {
        if (place.current !== null && place.current.textContent !== text) place.current.textContent = text
      }),
    [told],
  )
  return <span ref={place} data-testid="window" className="whitespace-nowrap text-xs tabular-nums text-faint" />
}

/** Patterns as the canvas has them, so that no state is told by colour alone. */
const legend = [
  ['border-b border-dashed border-faint bg-faint/20', 'queued'],
  ['border-b-2 border-busy bg-busy/40', 'working'],
  ['bg-[repeating-linear-gradient(-45deg,var(--wait)_0_1px,transparent_1px_4px)] border-b-2 border-wait bg-wait/25', 'waits for input'],
  ['bg-[radial-gradient(var(--soft)_1px,transparent_1px)] bg-[length:4px_4px] border-b-2 border-busy', 'waits for its workers'],
  ['border-b-2 border-good bg-good/40', 'completed'],
  [
    'bg-[repeating-linear-gradient(-45deg,var(--bad)_0_1px,transparent_1px_4px),repeating-linear-gradient(45deg,var(--bad)_0_1px,transparent_1px_4px)] border-b-2 border-bad',
    'failed',
  ],
  ['bg-model', 'model call'],
  ['bg-tool', 'tool call'],
] as const

export function Legend() {
  return (
    <ul aria-label="Legend" className="flex flex-wrap gap-x-3 text-xs text-faint max-md:hidden">
      {legend.map(([look, words]) => (
        <li key={words} className="flex items-center gap-1.5 whitespace-nowrap">
          <span aria-hidden="true" className={`h-3 w-4 rounded-[2px] ${look}`} />
          {words}
        </li>
      ))}
      <li className="whitespace-nowrap">
        <span aria-hidden="true" className="text-accent">
          ↓
        </span>{' '}
        delegation
      </li>
    </ul>
  )
}
