/** What a command can fail with; the kind is its exit code. 1 is for faults, which are no `Failure`. */
export const exitCodes = {
  /** Wrong options, settings, path or format. */
  usage: 2,
  /** No server, or no database, under the address. */
  unreachable: 3,
  /** The server said no: key, scope, filter, or a whole request. */
  refused: 4,
  /** Done, but something is not as it should be: events refused, a check that failed, stopped half-way. */
  incomplete: 5,
} as const

export type FailureKind = keyof typeof exitCodes

export class Failure extends Error {
  readonly kind: FailureKind
  /** What to do. */
  readonly hint: string

  constructor(kind: FailureKind, message: string, hint: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'Failure'
    this.kind = kind
    this.hint = hint
  }
}
