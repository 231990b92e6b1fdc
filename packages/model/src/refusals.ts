/** Every stable code a sender or reader can get, once. Shared by server, SDK and docs. */
export interface Refusal {
  /** HTTP status when it refuses the whole request; an item refused within a batch keeps the batch's 200. */
  readonly status: number
  readonly means: string
  readonly hint: string
  /** Whether sending the same thing again later can succeed. */
  readonly retryable: boolean
}

export const refusals = {
  MALFORMED_JSON: {
    status: 400,
    means: 'The body is not JSON.',
    hint: 'Send one event object, an array of them, or NDJSON with one a line.',
    retryable: false,
  },
  INVALID_EVENT: {
    status: 422,
    means: 'A field is missing or has the wrong type.',
    hint: 'See the message for the field, and /openapi.json for the schema.',
    retryable: false,
  },
  ID_REUSED: {
    status: 409,
    means: 'The id was used before with other content.',
    hint: 'Send it with a new id; both bodies are in /v1/quarantine.',
    retryable: false,
  },
  EVENT_TOO_OLD: { status: 422, means: 'The id is older than the retention.', hint: 'Send history with ?backfill=true.', retryable: false },
  EVENT_FROM_FUTURE: {
    status: 422,
    means: 'The id or the time is more than five minutes in the future.',
    hint: "Set the producer's clock.",
    retryable: false,
  },
  TOO_DEEP: {
    status: 422,
    means: 'The data is nested deeper than the limit.',
    hint: 'Flatten it, or raise SIGNALBOX_MAX_DEPTH.',
    retryable: false,
  },
  TOO_MANY_KEYS: {
    status: 422,
    means: 'The data has more keys than the limit, or its lists hold more than 100,000 lists and objects.',
    hint: 'Split it; for keys of objects, raise SIGNALBOX_MAX_KEYS.',
    retryable: false,
  },
  STRING_TOO_LONG: {
    status: 422,
    means: 'A string is longer than the limit.',
    hint: 'Store it elsewhere and send a link, or raise SIGNALBOX_MAX_STRING_CHARS.',
    retryable: false,
  },
  NUMBER_NOT_EXACT: {
    status: 422,
    means: 'A number cannot be kept exactly (beyond 2^53 or out of range).',
    hint: 'Send it as a string.',
    retryable: false,
  },
  KEY_FORBIDDEN: { status: 422, means: 'The key "__proto__" is not accepted.', hint: 'Rename the key.', retryable: false },
  BODY_TOO_LARGE: {
    status: 413,
    means: 'The body is larger than the limit after decompression.',
    hint: 'Send smaller batches, or raise SIGNALBOX_MAX_BODY_BYTES.',
    retryable: false,
  },
  BATCH_TOO_LARGE: {
    status: 413,
    means: 'The batch has more events than the limit.',
    hint: 'Send smaller batches, or raise SIGNALBOX_MAX_BATCH_EVENTS.',
    retryable: false,
  },
  UNSUPPORTED_ENCODING: {
    status: 415,
    means: 'The content type or encoding is not understood.',
    hint: 'Use application/json or application/x-ndjson (OTLP: application/x-protobuf or application/json), plain, gzip, zstd or deflate.',
    retryable: false,
  },
  BODY_TIMEOUT: { status: 408, means: 'The body did not arrive in time.', hint: 'Send it faster or in smaller pieces.', retryable: true },
  OVERLOADED: {
    status: 503,
    means: 'The queue before the store is full, or the room for bodies under way.',
    hint: 'Retry after the time in Retry-After, with the same ids.',
    retryable: true,
  },
  STORE_UNAVAILABLE: {
    status: 503,
    means: 'The store is away or did not answer in time; of events that were sent it is not known whether they are stored.',
    hint: 'Retry after the time in Retry-After, events with the same ids: what was stored is then a duplicate.',
    retryable: true,
  },
  DRAINING: { status: 503, means: 'The server is stopping.', hint: 'Retry after the time in Retry-After.', retryable: true },
  UNAUTHENTICATED: {
    status: 401,
    means: 'No valid key.',
    hint: 'Send Authorization: Bearer sbx_…; make one with: signalbox keys create.',
    retryable: false,
  },
  FORBIDDEN: { status: 403, means: 'The key lacks the scope.', hint: 'Use a key with the scope named in the message.', retryable: false },
  ORIGIN_REFUSED: {
    status: 403,
    means: 'Host or Origin is not on the allow-list.',
    hint: 'Add it to SIGNALBOX_ALLOWED_HOSTS or SIGNALBOX_ALLOWED_ORIGINS.',
    retryable: false,
  },
  NOT_FOUND: { status: 404, means: 'There is no such thing.', hint: 'Check the id and the path.', retryable: false },
  METHOD_NOT_ALLOWED: {
    status: 405,
    means: 'The path takes no requests of this method.',
    hint: 'Use one of the methods in Allow; /openapi.json lists them.',
    retryable: false,
  },
  UPGRADE_REQUIRED: {
    status: 426,
    means: 'The path is a WebSocket.',
    hint: 'Open it as one (docs/protocol.md), or read /v1/stream or /v1/poll and send to /v1/events.',
    retryable: false,
  },
  BAD_REQUEST: { status: 400, means: 'A parameter is wrong.', hint: 'See the message for the parameter.', retryable: false },
  BAD_CURSOR: {
    status: 400,
    means: 'The cursor is not one of ours, or of another list.',
    hint: 'Start without a cursor.',
    retryable: false,
  },
  HISTORY_GONE: {
    status: 410,
    means: 'The moment is older than what is kept.',
    hint: 'Ask for a later moment, or raise SIGNALBOX_RETENTION_DAYS.',
    retryable: false,
  },
  STATE_TOO_LARGE: {
    status: 422,
    means: 'There are more agents and runs than a moment of the past is made of.',
    hint: 'Look at now, at one run (/v1/runs/{id}) or at events (/v1/events).',
    retryable: false,
  },
  CHANGE_FROM_FUTURE: {
    status: 422,
    means: 'The time of the change is in the future.',
    hint: 'Take the time from "serverTime" of the answer, or leave it out.',
    retryable: false,
  },
  CHANGE_TOO_OLD: {
    status: 422,
    means: 'The change is older than removals are remembered.',
    hint: 'Look at what is there now, and change it now.',
    retryable: false,
  },
  TOO_MANY_KEPT: {
    status: 409,
    means: 'No more views or acknowledgements are kept.',
    hint: 'Remove some that nobody needs.',
    retryable: false,
  },
  TOO_MANY_CONNECTIONS: {
    status: 503,
    means: 'The server has no room for another connection of this kind.',
    hint: 'Retry later, or raise SIGNALBOX_MAX_CONNECTIONS (live) or SIGNALBOX_MAX_INGEST_SOCKETS.',
    retryable: true,
  },
  INTERNAL: {
    status: 500,
    means: 'A fault in Signalbox.',
    hint: 'It was logged with the request id in the answer; please report it.',
    retryable: true,
  },
} as const satisfies Record<string, Refusal>

export type RefusalCode = keyof typeof refusals
