/** The step that the pointer or the keys are at, the same in every chart. */
import { create } from 'zustand'

/** Epoch ms of its beginning; undefined: none. */
export const useCursor = create<{ readonly at: number | undefined }>(() => ({ at: undefined }))

export function pointAt(at: number | undefined): void {
  if (useCursor.getState().at !== at) useCursor.setState({ at })
}
