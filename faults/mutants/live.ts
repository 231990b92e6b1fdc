/** Bugs of reading the log and of the live feeds. */
import type { Mutant } from './mutant.ts'

export const liveMutants: readonly Mutant[] = [
  {
    name: 'page begins one too late',
    what: 'A page read from the store leaves its first event out.',
    law: 'contiguity',
    file: 'server/src/store/reader.ts',
    find: "where('position', '>', after), where('position', '<=', reach)",
    put: "where('position', '>', after + 1), where('position', '<=', reach)",
    scenario: 'slow readers',
  },
  {
    name: 'page begins one too early',
    what: 'A page read from the store begins with the last event of the page before.',
    law: 'contiguity',
    file: 'server/src/store/reader.ts',
    find: "where('position', '>', after), where('position', '<=', reach)",
    put: "where('position', '>=', after), where('position', '<=', reach)",
    scenario: 'slow readers',
  },
  {
    name: 'resume skips one',
    what: 'Who comes back with a cursor goes on one event too late.',
    law: 'contiguity',
    file: 'server/src/live/hub.ts',
    find: "if (found.kind === 'at' || found.kind === 'resync') session.positions = found.positions",
    put: "if (found.kind === 'at' || found.kind === 'resync') session.positions = found.positions.map((position) => position + 1)",
    scenario: 'server killed',
  },
  {
    name: 'resume repeats one',
    what: 'Who comes back with a cursor gets its last event again.',
    law: 'contiguity',
    file: 'server/src/live/hub.ts',
    find: "if (found.kind === 'at' || found.kind === 'resync') session.positions = found.positions",
    put: "if (found.kind === 'at' || found.kind === 'resync') session.positions = found.positions.map((position) => Math.max(0, position - 1))",
    scenario: 'server killed',
  },
  {
    name: 'full buffer drops',
    what: 'What a slow reader has no room for is left out and not announced.',
    law: 'contiguity',
    file: 'server/src/live/cohort.ts',
    find: `      if (isFull(session)) {
        block(session)
        continue
      }
      session.positions = to`,
    put: `      session.positions = to
      if (isFull(session)) continue`,
    scenario: 'slow readers',
  },
  {
    name: 'gap not announced',
    what: 'A reader too far behind is brought to the end without being told what it missed.',
    law: 'contiguity',
    file: 'server/src/live/cohort.ts',
    find: 'return { frame: pages.gap(start, target), to: target }',
    put: 'return { frame: pages.heartbeat(start, target, clock.now()), to: target }',
    scenario: 'slow readers',
  },
  {
    name: 'rows past the page are lost',
    what: 'A state reader that was behind gets a page of rows, and the cursor of all that there were.',
    law: 'replay',
    file: 'server/src/live/pages.ts',
    find: 'if (newest.size >= limits.items) break scan',
    put: 'if (newest.size >= limits.items / 10) break',
    scenario: 'load',
  },
  {
    name: 'conflation keeps the oldest',
    what: 'Of the rows of one key in a frame the first is told.',
    law: 'replay',
    file: 'server/src/live/pages.ts',
    find: '          seen += 1\n',
    put: '          seen += 1\n          if (newest.has(partition + row.table + row.key)) continue\n          newest.set(partition + row.table + row.key, { held, partition, isIn })\n          if (seen > 0) continue\n',
    scenario: 'load',
  },
  {
    name: 'ring of another partition',
    what: 'Whether memory has what a reader misses is looked up in the first partition only.',
    law: 'contiguity',
    file: 'server/src/live/ring.ts',
    find: `    covers(partition, after) {
      const list = slots[partition] ?? []`,
    put: `    covers(partition, after) {
      const list = slots[0] ?? []`,
    scenario: 'slow readers',
  },
  {
    name: 'ring joins over a gap',
    what: 'Commits that another server made are missing from memory, and readers get what is around them.',
    law: 'contiguity',
    file: 'server/src/live/ring.ts',
    find: '      if (from !== head + 1) forget(partition)\n',
    put: '',
    scenario: 'two servers',
  },
  {
    name: 'poll answers the newest cursor',
    what: 'The answer of a poll ends at its page, and its cursor where the head was then.',
    law: 'contiguity',
    file: 'server/src/live/poll.ts',
    find: '      at = page.to\n',
    put: '      at = target()\n',
    scenario: 'slow readers',
  },
]
