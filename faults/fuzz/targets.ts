/** Every parser that reads what others wrote. */
import type { Target } from './fuzz.ts'
import { clientTargets } from './targets/client.ts'
import { codecTargets } from './targets/codec.ts'
import { cursors } from './targets/cursors.ts'
import { envelope } from './targets/envelope.ts'
import { importTargets } from './targets/imports.ts'
import { ingestFrame } from './targets/ingest-frame.ts'
import { ingestSession } from './targets/ingest-session.ts'
import { liveFrame } from './targets/live-frame.ts'
import { otlpTargets } from './targets/otlp.ts'
import { restBody } from './targets/rest-body.ts'
import { sse } from './targets/sse.ts'

export const targets: readonly Target[] = [
  envelope,
  ingestFrame,
  ingestSession,
  restBody,
  liveFrame,
  cursors,
  ...codecTargets,
  sse,
  ...clientTargets,
  ...importTargets,
  ...otlpTargets,
]
