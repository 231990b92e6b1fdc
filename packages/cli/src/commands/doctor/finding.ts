export interface Finding {
  readonly name: string
  /** `note`: nothing is wrong with Signalbox, but something waits for a person. `unknown`: it could not be looked at. */
  readonly health: 'good' | 'note' | 'bad' | 'unknown'
  readonly what: string
  /** What to do; said where it is not good. */
  readonly todo?: string
}

/** Called as it goes: what takes long says how far it is. */
export type Progress = (text: string) => void
