/** Every shortcut of the page, once: the handler, the sheet and the palette read the same table. */
import { useEffect } from 'react'
import { create } from 'zustand'

export interface Binding {
  /** `g f` is two strokes, `mod+k` is Ctrl or Command. */
  readonly keys: string
  readonly about: string
  /** Under which head it stands in the sheet; absent: what the shown screen does. */
  readonly group?: string
  readonly run: () => void
}

/** By keys; the last one bound is the one that is meant, and the one before it when that has gone. */
const registry = new Map<string, readonly Binding[]>()
export const useKeys = create<{ readonly single: boolean }>(() => ({
  single: localStorage.getItem('signalbox.single-keys') !== 'off',
}))

export function setSingleKeys(single: boolean) {
  localStorage.setItem('signalbox.single-keys', single ? 'on' : 'off')
  useKeys.setState({ single })
}
const bound = (keys: string): Binding | undefined => registry.get(keys)?.at(-1)
export const bindings = (): readonly Binding[] => [...registry.keys()].flatMap((keys) => bound(keys) ?? [])

/** While the component is shown. */
export function useBindings(list: readonly Binding[]): void {
  useEffect(() => {
    for (const binding of list) registry.set(binding.keys, [...(registry.get(binding.keys) ?? []), binding])
    return () => {
      for (const binding of list) {
        const left = (registry.get(binding.keys) ?? []).filter((other) => other !== binding)
        if (left.length === 0) registry.delete(binding.keys)
        else registry.set(binding.keys, left)
      }
    }
  })
}

let pending = ''
let pendingAt = 0
/** A first stroke is forgotten after this long. */
const strokesWithinMs = 1_200
const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName))
/** What has arrow keys, space and enter of its own. */
const hasOwnKeys = (target: EventTarget | null, key: string) =>
  target instanceof HTMLElement &&
  (((key === 'space' || key === 'Enter') && ['BUTTON', 'A', 'SUMMARY'].includes(target.tagName)) ||
    ((key.startsWith('Arrow') || key === 'Home' || key === 'End') && target.getAttribute('role') === 'separator'))

export function listenToKeys(): void {
  addEventListener('keydown', (event) => {
    const mod = event.metaKey || event.ctrlKey
    const key = mod ? `mod+${event.key.toLowerCase()}` : event.key === ' ' ? 'space' : event.key
    if (event.altKey || event.isComposing || (isTyping(event.target) && !mod && key !== 'Escape')) return
    if (!mod && key.length === 1 && !useKeys.getState().single) return
    if (event.timeStamp - pendingAt > strokesWithinMs) pending = ''
    if (hasOwnKeys(event.target, key)) return
    const binding = bound(pending === '' ? key : `${pending} ${key}`) ?? bound(key)
    pending = key === 'g' && pending === '' ? 'g' : ''
    pendingAt = event.timeStamp
    if (binding === undefined) return
    event.preventDefault()
    binding.run()
  })
}
