/** How much room there is around what is shown, as the user says; on narrow screens fingers need the usual room. */
import { create } from 'zustand'

type Density = 'usual' | 'compact'
const place = 'signalbox.density'

export const useDensity = create<{ readonly density: Density }>(() => ({
  density: localStorage.getItem(place) === 'compact' ? 'compact' : 'usual',
}))

const apply = () => {
  document.documentElement.dataset.density = useDensity.getState().density
}

export const startDensity = apply

export function setDensity(density: Density): void {
  localStorage.setItem(place, density)
  useDensity.setState({ density })
  apply()
}
