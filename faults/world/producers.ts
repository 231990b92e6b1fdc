/** Who sends: every door, every codec, and every way of doing it wrong that agents have. */
import { join } from 'node:path'
import type { Told } from '../history/history.ts'
import { createFleet } from './fleet.ts'
import { createRestLine, createSocketLine, type Line } from './line.ts'
import { createRandom } from './random.ts'
import { startSdkSender } from './sdk.ts'
import { type Manners, type Sender, startSender } from './sender.ts'

const hour = 3_600_000
const minute = 60_000
/** An answer that takes longer is given up, and is not known. */
const patienceMs = 4_000

/** `share`: of the world's rate. */
type Way = Partial<Omit<Manners, 'eventsPerSecond'>> & {
  readonly name: string
  readonly share: number
  readonly line: 'rest' | 'json' | 'msgpack' | 'proto' | 'sdk'
  /** Default its name; two with one source are two producers with one name. */
  readonly source?: string
  /** ms its clock is ahead. */
  readonly clockMs?: number
}

const usual = {
  batchEvents: 40,
  window: 1,
  duplicateShare: 0.2,
  poisonShare: 0.01,
  lateShare: 0.01,
  shuffleEvents: 0,
} satisfies Partial<Manners>

const ways: readonly Way[] = [
  { name: 'rest', share: 0.14, line: 'rest' },
  { name: 'rest-shuffled', share: 0.14, line: 'rest', window: 3, shuffleEvents: 1_000 },
  { name: 'rest-hours-behind', share: 0.06, line: 'rest', clockMs: -3 * hour, isLate: true },
  { name: 'rest-twin-a', share: 0.06, line: 'rest', source: 'twin' },
  { name: 'rest-twin-b', share: 0.06, line: 'rest', source: 'twin' },
  { name: 'rest-one-by-one', share: 0.03, line: 'rest', batchEvents: 1 },
  { name: 'rest-from-the-future', share: 0.02, line: 'rest', clockMs: 10 * minute, isRefused: true, batchEvents: 5 },
  { name: 'ws-json', share: 0.16, line: 'json', window: 4 },
  { name: 'ws-msgpack-ahead', share: 0.1, line: 'msgpack', window: 2, clockMs: 4 * minute },
  { name: 'ws-proto-shuffled', share: 0.1, line: 'proto', window: 4, shuffleEvents: 200 },
  { name: 'sdk-a', share: 0.07, line: 'sdk' },
  { name: 'sdk-b', share: 0.06, line: 'sdk' },
]

export interface ProducersParts {
  readonly url: string
  readonly folder: string
  readonly seed: number
  readonly eventsPerSecond: number
  readonly tell: (process: string, entry: Told) => void
  readonly onAcknowledged: (events: number) => void
  /** The server's clock jumps: nobody's is then surely from its future. */
  readonly isClockWrong: boolean
}

export function startProducers({
  url,
  folder,
  seed,
  eventsPerSecond,
  tell,
  onAcknowledged,
  isClockWrong,
}: ProducersParts): readonly Sender[] {
  return ways
    .filter(({ isRefused }) => isRefused !== true || !isClockWrong)
    .map(({ name, share, line, source = name, clockMs = 0, ...manners }, i) => {
      const random = createRandom(seed * 1_000 + i)
      const rate = eventsPerSecond * share
      const next = createFleet({ source, name, agents: 4, random, now: () => Date.now() + clockMs })
      const own = { name, next, tell: (entry: Told) => tell(name, entry), onAcknowledged }
      if (line === 'sdk') return startSdkSender({ ...own, url, spoolFolder: join(folder, name), eventsPerSecond: rate })
      return startSender({ ...own, line: lineTo(url, line), manners: { ...usual, ...manners, eventsPerSecond: rate }, random })
    })
}

const lineTo = (url: string, kind: Exclude<Way['line'], 'sdk'>): Line =>
  kind === 'rest' ? createRestLine(url, patienceMs) : createSocketLine(url, kind, patienceMs)
