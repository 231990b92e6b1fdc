/** What a benchmark of a door sends. */
interface DoorRequest {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array<ArrayBuffer>
  /** That it has to become. */
  readonly events: number
  /** Default true; false where the answer does not say how many were stored: each request counts. */
  readonly isCounted?: boolean
}

/** Requests of one sender, each of about so many events. `nextId` makes UUIDv7s. */
export type DoorRequests = (nextId: () => string, sender: number) => (count: number) => DoorRequest
