/**
 * Statements and the bytes that their COPYs read, sent as one message of PostgreSQL's simple protocol: one transaction, one answer.
 *
 * Nothing waits for the server's "ready to copy": it reads the bytes when it gets there, and drops them when a statement
 * before has failed ("Message Flow", COPY Operations). A transaction of five exchanges becomes one.
 */
import type { Client, Connection, Submittable } from 'pg'

/** What pg's connection has and its types do not say. */
interface CopyingConnection extends Connection {
  sendCopyFromChunk(chunk: Buffer): void
  endCopyFrom(): void
}

class Bulk implements Submittable {
  readonly #text: string
  readonly #copies: readonly Buffer[]
  readonly #settle: (error?: Error) => void
  /** pg wraps it in its own time limit, if one is set. */
  callback = () => {}

  constructor(text: string, copies: readonly Buffer[], settle: (error?: Error) => void) {
    this.#text = text
    this.#copies = copies
    this.#settle = settle
  }

  submit(connection: Connection): void {
    const { stream } = connection
    stream.cork()
    connection.query(this.#text)
    for (const bytes of this.#copies) {
      const copying = connection as CopyingConnection
      copying.sendCopyFromChunk(bytes)
      copying.endCopyFrom()
    }
    stream.uncork()
  }

  handleError(error: Error): void {
    this.#settle(error)
  }
  handleReadyForQuery(): void {
    this.#settle()
  }
  handleCopyInResponse(): void {}
  handleCommandComplete(): void {}
}

/** `text`: statements that answer no rows. Resolves once it is committed; rejects when nothing of it is, or when the connection broke and it is not known. */
export function sendBulk(client: Client, text: string, copies: readonly Buffer[]): Promise<void> {
  return new Promise((resolve, reject) => {
    client.query(new Bulk(text, copies, (error) => (error === undefined ? resolve() : reject(error))))
  })
}
