/** Events kept while the server is away, oldest first, bounded. Adapters: spool-disk.ts in Node, spool-none.ts in browsers; the bundler chooses. */
import type { EventInput } from '@signalbox/model/event.ts'

export interface Segment {
  readonly events: readonly EventInput[]
  /** The server answered for the first `count` events: they are not lost when the segment has to go for want of room. */
  answered(count: number): void
  remove(): Promise<void>
}

export interface Spool {
  /** Safe against a crash of the process and of the machine once it resolves. Nothing of it is kept when it rejects. */
  append(events: readonly EventInput[]): Promise<void>
  /** The oldest segment, or undefined when there is none. One that cannot be read or removed is told and passed over. */
  oldest(): Promise<Segment | undefined>
  /** Events lost because the spool was full or a record was spoiled, since the last call. */
  takeDropped(): number
}
