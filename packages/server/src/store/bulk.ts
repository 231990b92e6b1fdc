/**
 * Statements and the bytes that their COPYs read, sent as one message of PostgreSQL's simple protocol: one transaction, one answer.
 *
 * Nothing waits for the server's "ready to copy": it reads the bytes when it gets there, and drops them when a statement
 * before has failed ("Message Flow", COPY Operations). A transaction of five exchanges becomes one.
 */
import type { Client, Connection, Submittable } from 'pg'

/** What pg's connection has and its types do not say. */
interface CopyingConnection extends Connection {
  endCopyFrom(): void
}

const copyData = 'd'.charCodeAt(0)
/** Of a message of PostgreSQL's protocol: its kind, and a length that counts itself but not the kind. */
const headerBytes = 5
function copyHeader(bytes: number): Buffer {
  const header = Buffer.alloc(headerBytes)
  header[0] = copyData
  header.writeInt32BE(bytes + headerBytes - 1, 1)
  return header
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
      // pg would copy all of it to put the header before it.
      stream.write(copyHeader(bytes.length))
      stream.write(bytes)
      ;(connection as CopyingConnection).endCopyFrom()
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
