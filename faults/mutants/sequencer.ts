/** Bugs of deciding and committing. */
import type { Mutant } from './mutant.ts'

const writeCommit = '    await writeCommit(held.client, {\n'

export const sequencerMutants: readonly Mutant[] = [
  {
    name: 'acknowledged before the commit',
    what: 'The commit is sent and its answer not awaited.',
    law: 'lost',
    file: 'server/src/store/log-write.ts',
    find: "  await sendBulk(client, statements.join(';'), [lines])",
    put: "  sendBulk(client, statements.join(';'), [lines]).catch(() => undefined)",
    scenario: 'load',
  },
  {
    name: 'synchronous_commit = off',
    what: 'PostgreSQL says that a commit is done before it is on disk.',
    law: 'lost',
    file: 'server/src/sequencer/hold.ts',
    find: 'set synchronous_commit = on',
    put: 'set synchronous_commit = off',
    scenario: 'postgres killed',
  },
  {
    name: 'seen before it is written',
    what: 'Ids are marked as seen, then written: a second try finds them seen.',
    law: 'lost',
    file: 'server/src/sequencer/writer.ts',
    find: '    const fresh = items.filter(isFresh)\n    const folded = await held.rows.folded(',
    put: `    const fresh = items.filter(isFresh).filter((item) => {
      const seen = ((globalThis as { seen?: Set<string> }).seen ??= new Set())
      if (!seen.has(item.event.id)) return seen.add(item.event.id)
      item.outcome = { kind: 'duplicate' }
      return false
    })
    const folded = await held.rows.folded(`,
    scenario: 'commit fails',
  },
  {
    name: 'Bloom filter decides',
    what: 'An id that the filter may have seen is dropped as a duplicate, without asking the log.',
    law: 'lost',
    file: 'server/src/sequencer/batch.ts',
    find: '      items.push(itemOf(event, receivedAt))\n',
    put: `      const bits = ((globalThis as { bits?: Uint8Array }).bits ??= new Uint8Array(16_384))
      const probes = [id.slice(-4), id.slice(-8, -4)].map((hex) => Number.parseInt(hex, 16) % bits.length)
      if (probes.every((probe) => bits[probe] === 1)) {
        items.push(itemOf(event, receivedAt, duplicate))
        continue
      }
      for (const probe of probes) bits[probe] = 1
      items.push(itemOf(event, receivedAt))
`,
    scenario: 'load',
  },
  {
    name: 'same id is the same event',
    what: 'An id that comes again with other content is taken for a duplicate.',
    law: 'conflict',
    file: 'server/src/sequencer/batch.ts',
    find: '  if (sameContent(item.event, holder)) {',
    put: '  if (item.event.id === holder.id) {',
    scenario: 'load',
  },
  {
    name: 'repeat in a batch counted as stored',
    what: 'An id that is twice in one batch counts twice.',
    law: 'duplicate',
    file: 'server/src/sequencer/batch.ts',
    find: 'judge(item, first.holder ?? first.event)',
    put: "item.outcome = { kind: 'stored', position: 0 }",
    scenario: 'load',
  },
  {
    name: 'outcomes of another submission',
    what: 'Of the submissions of one commit, all are answered with what became of the first.',
    law: 'duplicate',
    file: 'server/src/sequencer/sequencer.ts',
    find: '    next += events.length\n',
    put: '    next += 0\n',
    scenario: 'commits gather',
  },
  {
    name: 'second try with new ids',
    what: 'A commit whose answer was lost is made again from the source, which gives its events new ids.',
    law: 'phantom',
    file: 'server/src/sequencer/sequencer.ts',
    find: 'openBatch(submissions, store.days',
    put: `openBatch(tried === undefined ? submissions : submissions.map((submission) => ({ ...submission, events: submission.events.map((event) => ({ ...event, id: event.id.slice(0, -6) + Math.trunc(0x100000 + Math.random() * 0xefffff).toString(16) })) })), store.days`,
    scenario: 'answer lost',
  },
  {
    name: 'failed commit taken for stored',
    what: 'A connection that broke in a commit is answered as if it had committed.',
    law: 'lost',
    file: 'server/src/sequencer/sequencer.ts',
    find: '        tried = { error }\n',
    put: `        tried = { error }
        if (!(error instanceof Fenced)) {
          writer.reset()
          return acksOf(submissions, items.map((item) => ({ ...item, outcome: item.outcome ?? { kind: 'stored', position: 0 } })), 0)
        }
`,
    scenario: 'commit fails',
  },
  {
    name: 'head moves before the commit',
    what: 'A batch that is written again, since an id was there, is numbered behind its first try.',
    law: 'order',
    file: 'server/src/sequencer/writer.ts',
    find: writeCommit,
    put: `    held.head = { ...head, position: last }\n${writeCommit}`,
    scenario: 'load',
  },
  {
    name: 'rows move before the commit',
    what: 'A batch that is written again is folded again.',
    law: 'replay',
    file: 'server/src/sequencer/writer.ts',
    find: writeCommit,
    put: `    held.rows.keep(rows, last, events)\n${writeCommit}`,
    scenario: 'load',
  },
  {
    name: 'published before the commit',
    what: 'Dashboards see events of a transaction that is rolled back.',
    law: 'agreement',
    file: 'server/src/sequencer/writer.ts',
    find: writeCommit,
    put: `    holding.announce({ partition, from: first, to: last, at, events: events.map(asText), lines, rows })\n${writeCommit}`,
    scenario: 'load',
  },
  {
    name: 'chain without the last event',
    what: 'The hash of a commit leaves its last event out.',
    law: 'chain',
    file: 'server/src/sequencer/writer.ts',
    find: 'chainHash(head.hash, lines)',
    put: "chainHash(head.hash, lines.subarray(0, lines.lastIndexOf('\\n', -2) + 1))",
    scenario: 'load',
  },
  {
    name: 'late id outside of its commit',
    what: 'The lower bound of a commit’s ids is its first id, not its least: readers pass over late events.',
    law: 'chain',
    file: 'server/src/sequencer/placed.ts',
    find: '    if (id < least) least = id\n',
    put: '',
    scenario: 'commits gather',
  },
  {
    name: 'partition taken without a fence',
    what: 'Two servers write one partition and neither notices.',
    law: 'duplicate',
    file: 'server/src/store/log-write.ts',
    find: 'update heads set fence = fence + 1 where',
    put: 'update heads set fence = fence where',
    scenario: 'two servers',
  },
  {
    name: 'partition taken back from memory',
    what: 'Who was fenced takes the fence again and goes on from the head that it remembers.',
    law: 'contiguity',
    file: 'server/src/sequencer/writer.ts',
    find: '          holding.lose()\n',
    put: `          const { takePartition } = await import('../store/log-write.ts')
          held.head = { ...held.head, fence: (await takePartition(held.client, partition)).fence }
          if (round >= 0) continue
`,
    scenario: 'two servers',
  },
]
