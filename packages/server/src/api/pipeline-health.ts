/** What is wrong with the pipeline, in sentences, each with what to do. */
import { totalsOf, underWay } from './pipeline-figures.ts'
import type { Counted, Sample } from './pipeline-sample.ts'

export interface Trouble {
  readonly code: string
  /** bad: events or readers suffer now; warn: somebody should look. */
  readonly severity: 'bad' | 'warn'
  readonly what: string
  readonly todo: string
}

const bounds = { queueEvents: 20_000, lagMs: 10_000, commitP95Ms: 250, loopDelayMs: 500, rssBytes: 2 * 1024 ** 3 } as const
const count = (value: number, one: string, many = `${one}s`) => `${value.toLocaleString('en')} ${value === 1 ? one : many}`
const seconds = (ms: number) => `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`

interface Looked {
  /** Ten minutes ago, or when the server started. */
  readonly first: Sample
  /** Ten seconds ago. */
  readonly before: Sample
  readonly now: Sample
  readonly commitP95Ms: number | null
  readonly durability: string
}

export function troublesOf({ first, before, now, commitP95Ms, durability }: Looked): readonly Trouble[] {
  const found: Trouble[] = []
  const bad = (code: string, what: string, todo: string) => found.push({ code, severity: 'bad', what, todo })
  const warn = (code: string, what: string, todo: string) => found.push({ code, severity: 'warn', what, todo })
  const since = (name: Counted) => now.counters[name] - first.counters[name]

  if (now.behind === undefined)
    bad(
      'store-away',
      'PostgreSQL does not answer.',
      'Look whether it runs and has room on its disk; senders get 503 and try again, nothing is lost.',
    )
  // What is received between two looks may be under way in both; the same events are not.
  const open = Math.min(underWay(totalsOf(before)), underWay(totalsOf(now)))
  const isQuiet = totalsOf(before).received === totalsOf(now).received && now.gauges.queueEvents === 0
  if (isQuiet && open > 0 && now.behind !== undefined)
    bad(
      'unbalanced',
      `${count(open, 'event')} of those received ${open === 1 ? 'is' : 'are'} neither stored, a duplicate, refused nor quarantined.`,
      'This is a fault of Signalbox: copy the diagnostic bundle and report it.',
    )
  if (now.gauges.queueEvents > bounds.queueEvents)
    bad(
      'queue',
      `${count(now.gauges.queueEvents, 'event')} wait to be stored.`,
      'More comes in than the database takes: give it a faster disk, or send less at once.',
    )
  for (const { consumer, events, ms } of now.behind ?? [])
    if (ms > bounds.lagMs)
      (consumer === 'rows' ? bad : warn)(
        `lag-${consumer}`,
        `${consumer === 'rows' ? 'What the pages show' : `The consumer “${consumer}”`} is ${seconds(ms)} and ${count(events, 'event')} behind the log.`,
        'It catches up by itself when less comes in; if it does not, look at the log of the server.',
      )
  if (commitP95Ms !== null && commitP95Ms > bounds.commitP95Ms)
    warn(
      'slow-commits',
      `One commit in twenty takes longer than ${Math.round(commitP95Ms)} ms.`,
      'Look at the disk of the database: a commit waits until it has synced.',
    )
  if (now.process.loopDelayMs > bounds.loopDelayMs)
    warn('busy-loop', `The server was held up for ${Math.round(now.process.loopDelayMs)} ms.`, 'The machine is short of processor time.')
  if (now.process.rssBytes > bounds.rssBytes)
    warn(
      'memory',
      `The server holds ${(now.process.rssBytes / 1024 ** 3).toFixed(1)} GiB of memory.`,
      'Fewer live readers or a smaller ring (SIGNALBOX_RING_BYTES) take less.',
    )

  const [was, is] = [totalsOf(first), totalsOf(now)]
  const turnedAway = is.refused + is.quarantined - was.refused - was.quarantined
  if (turnedAway > 0)
    warn(
      'refused',
      `${count(turnedAway, 'event was', 'events were')} refused in the last ten minutes.`,
      'The quarantine below has their bodies, and what is wrong with each.',
    )
  if (since('notKept') > 0)
    warn(
      'not-kept',
      `${count(since('notKept'), 'refused event was', 'refused events were')} not kept: the quarantine is full or could not be written.`,
      'Mend what sends them; the quarantine empties with the retention.',
    )
  if (since('hooksDropped') > 0)
    warn(
      'hooks',
      `${count(since('hooksDropped'), 'hook was', 'hooks were')} answered and not kept.`,
      'Their queue was full, or the database was away for long.',
    )
  if (since('slowCloses') > 0)
    warn(
      'slow-readers',
      `${count(since('slowCloses'), 'live reader was', 'live readers were')} closed for not reading.`,
      'They come back by themselves; look at their network if it goes on.',
    )
  if (since('gaps') > 0)
    warn(
      'gaps',
      `${count(since('gaps'), 'gap was', 'gaps were')} announced to live readers.`,
      'They were too slow for their feed: a filter makes it smaller.',
    )
  if (since('fenced') > 0) warn('fenced', 'Another server took partitions of this one.', 'Two servers on one database: stop one of them.')
  if (durability !== 'durable')
    warn('volatile', 'PostgreSQL runs with fsync off: what is acknowledged does not survive a power cut.', 'Set fsync = on.')
  return found.sort((a, b) => Number(b.severity === 'bad') - Number(a.severity === 'bad'))
}
