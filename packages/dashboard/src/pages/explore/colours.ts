/** The page's colours for a canvas, read anew when the theme changes. Colour is never alone: lines are also dashed apart. */
import { useSyncExternalStore } from 'react'

export const ink = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()

function watch(listener: () => void) {
  const seen = new MutationObserver(listener)
  seen.observe(document.documentElement, { attributeFilter: ['data-theme'] })
  return () => seen.disconnect()
}
export const useThemeName = (): string => useSyncExternalStore(watch, () => document.documentElement.dataset.theme ?? '')

export interface Look {
  /** Name of a colour of the page. */
  readonly colour: string
  readonly dash: readonly number[]
}
/** Of groups, the greatest first. */
export const groupLooks: readonly Look[] = [
  { colour: 'accent', dash: [] },
  { colour: 'model', dash: [8, 3] },
  { colour: 'tool', dash: [2, 2] },
  { colour: 'wait', dash: [10, 3, 2, 3] },
  { colour: 'good', dash: [5, 5] },
]
