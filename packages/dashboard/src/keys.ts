/** Every shortcut of the page, once: the handler and the sheet read the same table. */
import { useEffect } from 'react'
import { create } from 'zustand'

export interface Binding {
  readonly keys: string
  readonly about: string
  readonly run: () => void
}

const registry = new Map<string, Binding>()
export const useKeys = create<{ readonly single: boolean; readonly version: number }>(() => ({
  single: localStorage.getItem('signalbox.single-keys') !== 'off',
  version: 0,
}))

export function setSingleKeys(single: boolean) {
  localStorage.setItem('signalbox.single-keys', single ? 'on' : 'off')
  useKeys.setState({ single })
}
export const bindings = (): readonly Binding[] => [...registry.values()]

/** While the component is shown. `g f` is two strokes, `mod+k` is Ctrl or Command. */
export function useBindings(list: readonly Binding[]): void {
  useEffect(() => {
    for (const binding of list) registry.set(binding.keys, binding)
    return () => {
      for (const binding of list) if (registry.get(binding.keys) === binding) registry.delete(binding.keys)
    }
  })
}

let pending = ''
let pendingAt = 0
/** A first stroke is forgotten after this long. */
const strokesWithinMs = 1_200
const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName))

export function listenToKeys(): void {
  addEventListener('keydown', (event) => {
    const mod = event.metaKey || event.ctrlKey
    const key = mod ? `mod+${event.key.toLowerCase()}` : event.key === ' ' ? 'space' : event.key
    if (event.altKey || (isTyping(event.target) && !mod && key !== 'Escape')) return
    if (!mod && key.length === 1 && !useKeys.getState().single) return
    if (event.timeStamp - pendingAt > strokesWithinMs) pending = ''
    // A focused button or link has its own space and enter.
    if (
      (key === 'space' || key === 'Enter') &&
      event.target instanceof HTMLElement &&
      ['BUTTON', 'A', 'SUMMARY'].includes(event.target.tagName)
    )
      return
    const binding = registry.get(pending === '' ? key : `${pending} ${key}`) ?? registry.get(key)
    pending = key === 'g' && pending === '' ? 'g' : ''
    pendingAt = event.timeStamp
    if (binding === undefined) return
    event.preventDefault()
    binding.run()
  })
}
