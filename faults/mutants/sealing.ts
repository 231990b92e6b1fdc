/** Bugs of sealing days. */
import type { Mutant } from './mutant.ts'

export const sealingMutants: readonly Mutant[] = [
  {
    name: 'sealed days not looked into',
    what: 'Whether an id is in a chunk is not asked: what is sent again of a sealed day is stored again.',
    law: 'duplicate',
    file: 'server/src/sequencer/writer.ts',
    find: 'const old = items.filter((item) => isFresh(item) && idTime(item.event.id) < held.head.sealed)',
    put: 'const old = items.filter(() => false)',
    scenario: 'days sealed',
  },
  {
    name: 'sealed before writers know',
    what: 'A day becomes chunks, and nobody says so to who commits its ids.',
    law: 'duplicate',
    file: 'server/src/store/sealing.ts',
    find: '    if (newest.length > 0) await announce(pool, to)\n',
    put: '',
    scenario: 'days sealed',
  },
  {
    name: 'table emptied before its chunks',
    what: 'Events leave their table in a transaction of their own, before that of their chunks commits.',
    law: 'lost',
    file: 'server/src/store/sealing.ts',
    find: `    for (const chunk of chunksOf(rows)) {
      await write(client, chunk)
      bytes += chunk.lines.length
    }
    const { rowCount } = await client.query(\`delete from \${name} where partition = $1 and position > $2 and position <= $3\`, [
      partition,
      after,
      last,
    ])
`,
    put: `    const { rowCount } = await pool.query(\`delete from \${name} where partition = $1 and position > $2 and position <= $3\`, [
      partition,
      after,
      last,
    ])
    for (const chunk of chunksOf(rows)) {
      await write(client, chunk)
      bytes += chunk.lines.length
    }
`,
    scenario: 'killed while sealing',
  },
  {
    name: 'late commit without the lock',
    what: 'Days are sealed between a late commit’s look into them and its end.',
    law: 'duplicate',
    file: 'server/src/sequencer/writer.ts',
    find: 'return await whileSealed(held.client, async () => {',
    put: 'return await ((_: unknown, run: () => Promise<void>) => run())(held.client, async () => {',
    scenario: 'late commit stalled',
  },
]
