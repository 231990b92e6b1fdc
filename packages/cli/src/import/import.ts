/**
 * Import: the files of another tool come in, events with ids that are the same for ever go out, and a report of what was lost.
 *
 * A mapping is pure: no clock, no randomness, no I/O. The same files give the same events with the same ids, so that importing
 * twice changes nothing. What it adds of its own (a run's start, an agent's role) carries `data.derived: true`.
 */
import type { EventInput } from '@signalbox/model/event.ts'
import { claudeCode } from './claude-code.ts'
import { gastown } from './gastown.ts'
import { langfuse } from './langfuse.ts'
import { otlp } from './otlp.ts'
import { whoAndWhen } from './who-and-when.ts'

/** One file of the import, `path` relative to the imported folder with `/` between its parts. */
export interface SourceFile {
  readonly path: string
  readonly text: string
}

export interface Note {
  readonly what: string
  readonly count: number
  readonly why: string
}

export interface Report {
  readonly format: string
  readonly files: number
  /** Records of the source that were read: lines, or steps of a conversation. */
  readonly records: number
  readonly events: number
  /** Of those, events that no record stands for. */
  readonly derived: number
  readonly runs: number
  readonly agents: number
  readonly tasks: number
  /** `task.assigned` events, and how many different agents they went to. */
  readonly delegations: number
  readonly delegatedTo: number
  /** Records that became no event. */
  readonly skipped: readonly Note[]
  /** Ids of the source that it used again for other content; each content is an event of its own. */
  readonly idsReusedWithOtherContent: readonly string[]
  /** Records that became events which say less than they did. */
  readonly lossy: readonly Note[]
}

export interface Imported {
  /** In time order. */
  readonly events: readonly EventInput[]
  readonly report: Report
}

export type Mapping = (files: readonly SourceFile[]) => Imported

/** What each format reads: the mapping, and which files below the given path it wants. */
export const formats = {
  gastown: {
    map: gastown,
    wants: (path: string) => /(^|\/)(events\.union|issues\.last|dependencies\.last|fleet-records)\.jsonl$/.test(path),
  },
  'claude-code': { map: claudeCode, wants: (path: string) => path.endsWith('.jsonl') },
  langfuse: { map: langfuse, wants: (path: string) => path.endsWith('.json') },
  otlp: { map: otlp, wants: (path: string) => /\.(json|jsonl)$/.test(path) },
  'who-and-when': { map: whoAndWhen, wants: (path: string) => /(^|\/)\d+\.json$/.test(path) },
} as const satisfies Record<string, { map: Mapping; wants: (path: string) => boolean }>

export type Format = keyof typeof formats
