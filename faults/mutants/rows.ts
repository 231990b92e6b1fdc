/** Bugs of the rows behind the log. */
import type { Mutant } from './mutant.ts'

export const rowsMutants: readonly Mutant[] = [
  {
    name: 'recovery folds one too few',
    what: 'Who takes a partition begins one event behind what its rows stand for.',
    law: 'replay',
    file: 'server/src/sequencer/hold.ts',
    find: 'for (let at = folded; at < position; ) {',
    put: 'for (let at = folded + 1; at < position; ) {',
    scenario: 'server killed',
  },
  {
    name: 'recovery folds one twice',
    what: 'Who takes a partition begins with the last event that its rows stand for.',
    law: 'replay',
    file: 'server/src/sequencer/hold.ts',
    find: 'for (let at = folded; at < position; ) {',
    put: 'for (let at = folded < position ? Math.max(0, folded - 1) : folded; at < position; ) {',
    scenario: 'server killed',
  },
  {
    name: 'recovery skips the fold',
    what: 'Who takes a partition trusts the rows to be at the head.',
    law: 'replay',
    file: 'server/src/sequencer/hold.ts',
    find: '      await foldRest(client, rows, head)\n',
    put: '',
    scenario: 'killed at points',
  },
  {
    name: 'rows without a fence',
    what: 'A writer that stood still writes its old rows over those of its successor.',
    law: 'replay',
    file: 'server/src/store/rows-write.ts',
    find: `const fenced = ({ partition, fence }: RowsWrite) => \`call begin_rows(\${partition}, \${fence})\`
const written = ({ partition, fence, upTo, rollups }: RowsWrite) =>
  \`call rows_written(\${partition}, \${fence}, \${upTo}, \${minuteArrays(rollups)})\``,
    put: `const fenced = (_: RowsWrite) => 'do $$ begin end $$'
const written = ({ partition, upTo }: RowsWrite) => \`update heads set folded = \${upTo} where partition = \${partition}\``,
    scenario: 'writer stood still',
  },
  {
    name: 'position before its rows',
    what: 'The position that rows stand for is committed first, the rows after it.',
    law: 'replay',
    file: 'server/src/store/rows-write.ts',
    find: "  await sendBulk(client, [fenced(write), ...statements, written(write)].join(';'), copies)",
    put: `  await sendBulk(client, [fenced(write), written(write)].join(';'), [])
  if (statements.length > 0) await sendBulk(client, statements.join(';'), copies)`,
    scenario: 'killed beside rows',
  },
  {
    name: 'failed rows forgotten',
    what: 'Rows that could not be written count as written.',
    law: 'replay',
    file: 'server/src/sequencer/partition-rows.ts',
    find: `      if (!blamesData(error)) throw error
      await writeRowsApart(`,
    put: `      if (blamesData(error)) await writeRowsApart(`,
    scenario: 'rows fail',
  },
  {
    name: 'forgotten key is new',
    what: 'A key that left the cache is taken for one that never was: its row begins anew.',
    law: 'replay',
    file: 'server/src/sequencer/row-cache.ts',
    find: `    closed.set(key, call)
    calls.add(runOfKey(key), key)
`,
    put: '',
    scenario: 'load',
  },
  {
    name: 'closed call stays open',
    what: 'The row of a call that ended is written beside the one that says that it is open.',
    law: 'replay',
    file: 'server/src/store/rows-write.ts',
    find: 'const taken = [...copied, ...closed]',
    put: 'const taken = [...copied]',
    scenario: 'load',
  },
  {
    name: 'chunk says nothing of the one before',
    what: 'What a closed call became later is written as if it had closed just then: it is there twice.',
    law: 'replay',
    file: 'server/src/store/call-chunk.ts',
    find: 'const isAgain = ({ table, stored }: RowWrite): boolean => stored !== undefined && isClosedCall(table, stored)\n',
    put: 'const isAgain = (_: RowWrite): boolean => false\n',
    scenario: 'load',
  },
  {
    name: 'late change of a call lost',
    what: 'A call that changes after it closed is left as it was written first.',
    law: 'replay',
    file: 'server/src/store/rows-write.ts',
    find: '    copies.push(await chunkLines(partition, closed, slices))\n',
    put: `    const isFirst = ({ stored }: RowWrite) => (stored as { outcome?: string } | undefined)?.outcome === undefined
    copies.push(await chunkLines(partition, closed.filter(isFirst), slices))
`,
    scenario: 'load',
  },
  {
    name: 'tie goes to the left',
    what: 'Of two values of one time the one that came first stays, whatever their ids.',
    law: 'replay',
    file: 'model/src/fold/latest.ts',
    find: '(held.at === event.time && held.by >= event.id)',
    put: 'held.at === event.time',
    scenario: 'load',
  },
]
