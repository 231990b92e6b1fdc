/** Whether things move on the page: as the system says, or as the user says here. */
import { create } from 'zustand'

export type Motion = 'system' | 'reduced' | 'full'
const place = 'signalbox.motion'
const stored = localStorage.getItem(place)
const reduced = matchMedia('(prefers-reduced-motion: reduce)')

export const useMotion = create<{ readonly motion: Motion }>(() => ({
  motion: stored === 'reduced' || stored === 'full' ? stored : 'system',
}))

const apply = () => {
  const { motion } = useMotion.getState()
  document.documentElement.dataset.motion = motion === 'system' ? (reduced.matches ? 'reduced' : 'full') : motion
}

export function startMotion(): void {
  apply()
  reduced.addEventListener('change', apply)
}

export function setMotion(motion: Motion): void {
  localStorage.setItem(place, motion)
  useMotion.setState({ motion })
  apply()
}
