export interface Finding {
  readonly name: string
  /** `unknown`: it could not be looked at. */
  readonly health: 'good' | 'bad' | 'unknown'
  readonly what: string
  readonly todo?: string
}
