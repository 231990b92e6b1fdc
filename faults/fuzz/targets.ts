/** Every parser that reads what others wrote. */
import type { Target } from './fuzz.ts'
import { a2a } from './targets/a2a.ts'
import { clientTargets } from './targets/client.ts'
import { cloudevents } from './targets/cloudevents.ts'
import { codecTargets } from './targets/codec.ts'
import { cursors } from './targets/cursors.ts'
import { envelope } from './targets/envelope.ts'
import { hooks } from './targets/hooks.ts'
import { importTargets } from './targets/imports.ts'
import { ingestFrame } from './targets/ingest-frame.ts'
import { ingestSession } from './targets/ingest-session.ts'
import { liveFrame } from './targets/live-frame.ts'
import { restBody } from './targets/rest-body.ts'
import { sse } from './targets/sse.ts'
import { webhook } from './targets/webhook.ts'

export const targets: readonly Target[] = [
  envelope,
  ingestFrame,
  ingestSession,
  restBody,
  cloudevents,
  a2a,
  webhook,
  liveFrame,
  cursors,
  ...codecTargets,
  sse,
  ...clientTargets,
  ...importTargets,
  hooks,
]
