/** What a frame of the lanes is drawn from. */
import type { Tick } from './axis.ts'
import type { Swimlanes } from './layout.ts'
import type { Places } from './place.ts'
import type { Break } from './time-map.ts'
import type { Window } from './window.ts'

const inks = ['good', 'busy', 'wait', 'bad', 'faint', 'soft', 'ink', 'line', 'accent', 'model', 'tool', 'page', 'panel', 'raised'] as const
export type Palette = { readonly [ink in (typeof inks)[number]]: string }

/** The theme's colours as they are now. */
export function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element)
  return Object.fromEntries(inks.map((ink) => [ink, style.getPropertyValue(`--${ink}`).trim()])) as Palette
}

export interface Scene {
  readonly swimlanes: Swimlanes
  readonly places: Places
  readonly window: Window
  readonly ticks: readonly Tick[]
  /** CSS pixels. */
  readonly width: number
  /** The part of the lanes that the canvas covers, from the top of the first lane. */
  readonly top: number
  readonly height: number
  readonly now: number
  /** Draws a line at now. */
  readonly live: boolean
  /** As in the address. */
  readonly selected: string
  readonly palette: Palette
  /** Where time is drawn short. */
  readonly breaks?: readonly Break[]
}

export const letterWidth = 5.9

/** As much of a text as stands in so many pixels; nothing rather than a letter or two. */
export function fitted(text: string, pixels: number): string {
  const letters = Math.floor(pixels / letterWidth)
  if (letters < 4) return ''
  return text.length <= letters ? text : `${text.slice(0, letters - 1).trimEnd()}…`
}
