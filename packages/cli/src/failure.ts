/** What a command can fail with; the kind is its exit code. */
export const exitCodes = {
  /** Wrong options, path or format. */
  usage: 2,
  /** No server, or no database, under the address. */
  unreachable: 3,
  /** The server said no: key, scope, or every event of a request. */
  refused: 4,
  /** Done, but something is not as it should be: events refused, a check that failed. */
  incomplete: 5,
} as const

export class Failure extends Error {
  readonly exitCode: number
  readonly hint: string

  constructor(kind: keyof typeof exitCodes, message: string, hint: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'Failure'
    this.exitCode = exitCodes[kind]
    this.hint = hint
  }
}
