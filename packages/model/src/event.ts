/**
 * The event: one immutable envelope, shaped like a CloudEvent.
 *
 * `EventInput` is what a sender writes, `StoredEvent` what a reader gets; both are JSON on every wire.
 * `Event` is the same thing parsed once at the edge and trusted inside: times are numbers, `data` keeps its exact JSON text.
 */
import Type, { type Static } from 'typebox'

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number
/** A millionth of a US dollar. */
export type Micros = number
/** UUIDv7 (native) or UUIDv8 (made from a foreign id); lower case. */
export type EventId = string
/** Dense, 1-based number of an event within its partition, in commit order. */
export type Position = number
/** 0-based index of a log partition. `partition = hash(tenant, run) mod count`; events without a run share one. */
export type Partition = number
export type TenantId = string

export const limits = {
  identifierChars: 256,
  typeChars: 128,
  dataDepth: 64,
  dataKeys: 1_000,
  stringChars: 1_000_000,
  futureMs: 5 * 60_000,
} as const

/** No control characters and no lone surrogates: PostgreSQL text cannot hold them, and nobody can read them. */
const identifierPattern = '^[^\\u0000-\\u001f\\u007f-\\u009f\\ud800-\\udfff]+$'
export const Identifier = Type.String({ minLength: 1, maxLength: limits.identifierChars, pattern: identifierPattern })
const uuidPattern = '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[78][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$'

export const EventInput = Type.Object(
  {
    id: Type.Optional(
      Type.String({
        pattern: uuidPattern,
        description:
          'UUIDv7 or UUIDv8 whose first 48 bits are the event time. The duplicate key. Made by the server when absent; then a retry may double, unless the request carries an Idempotency-Key.',
      }),
    ),
    source: Type.String({ ...Identifier, description: 'Who sent it: the producer, unique per process kind and host.' }),
    type: Type.String({
      minLength: 1,
      maxLength: limits.typeChars,
      pattern: '^[A-Za-z0-9][A-Za-z0-9._:/-]*$',
      description: 'One of the vocabulary, or any other: unknown types are stored and forwarded untouched.',
    }),
    time: Type.String({
      format: 'date-time',
      maxLength: 40,
      description: 'When it happened by the producer, RFC 3339. Kept to the millisecond; a leap second as the last one before it.',
    }),
    run: Type.Optional(Identifier),
    agent: Type.Optional(Identifier),
    task: Type.Optional(Identifier),
    cause: Type.Optional(Type.String({ ...Identifier, description: 'Id of the event that caused this one.' })),
    seq: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
        description: "The producer's own counter within (source, epoch), one step an event. Gaps are reported by name.",
      }),
    ),
    epoch: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
        description: 'Incarnation of the producer; greater after each restart. Default 0.',
      }),
    ),
    trace: Type.Optional(Type.String({ ...Identifier, description: 'W3C traceparent.' })),
    data: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  },
  { additionalProperties: false },
)
export type EventInput = Static<typeof EventInput>

/** As read: what was sent, plus its place in the log. `time` and `receivedAt` are RFC 3339 with milliseconds, UTC. */
export const StoredEvent = Type.Object(
  {
    id: Type.String(),
    source: Type.String(),
    type: Type.String(),
    time: Type.String(),
    run: Type.Optional(Type.String()),
    agent: Type.Optional(Type.String()),
    task: Type.Optional(Type.String()),
    cause: Type.Optional(Type.String()),
    seq: Type.Optional(Type.Integer()),
    epoch: Type.Optional(Type.Integer()),
    trace: Type.Optional(Type.String()),
    data: Type.Record(Type.String(), Type.Unknown()),
    partition: Type.Integer(),
    position: Type.Integer(),
    receivedAt: Type.String(),
  },
  { additionalProperties: false },
)
export type StoredEvent = Static<typeof StoredEvent>

/** Parsed and valid. Everything the sequencer and the fold work on. */
export interface Event {
  readonly id: EventId
  readonly tenant: TenantId
  readonly source: string
  readonly type: string
  readonly time: EpochMs
  readonly run?: string | undefined
  readonly agent?: string | undefined
  readonly task?: string | undefined
  readonly cause?: string | undefined
  readonly seq?: number | undefined
  readonly epoch?: number | undefined
  readonly trace?: string | undefined
  /** Parsed; the fold reads it. */
  readonly data: Readonly<Record<string, unknown>>
  /** `JSON.stringify(data)`; what is stored and forwarded. */
  readonly dataJson: string
}

/** An event with its place in the log. */
export interface LoggedEvent extends Event {
  readonly partition: Partition
  readonly position: Position
  readonly receivedAt: EpochMs
}

/** The same for who passes it on: what is held for long holds its data as text alone. */
export type LoggedText = Omit<LoggedEvent, 'data'>
