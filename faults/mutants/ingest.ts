/** Bugs of the doors and the broker. */
import type { Mutant } from './mutant.ts'

export const ingestMutants: readonly Mutant[] = [
  {
    name: 'partial batch acknowledged whole',
    what: 'One of the two partitions of a batch was not stored, and the answer says that all of it was.',
    law: 'lost',
    file: 'server/src/ingest/receive.ts',
    find: `        failure = settled.reason
        count('refused', items.length)
        return`,
    put: `        accepted += items.length
        return`,
    scenario: 'head held',
  },
  {
    name: 'batch ends at a bad item',
    what: 'The items behind a bad one are neither stored nor refused.',
    law: 'lost',
    file: 'server/src/ingest/receive.ts',
    find: `        reject(index, item, parsed.code, parsed.message, parsed.id)
        continue`,
    put: `        reject(index, item, parsed.code, parsed.message, parsed.id)
        break`,
    scenario: 'load',
  },
  {
    name: 'quarantine swallowed',
    what: 'A bad item is counted as kept and is not.',
    law: 'refusal',
    file: 'server/src/ingest/receive.ts',
    find: 'const inQuarantine = bad.length === 0 ? 0 : await keep(bad)',
    put: 'const inQuarantine = bad.length',
    scenario: 'load',
  },
  {
    name: 'refused items not counted',
    what: 'What the sequencer refused is missing from the sums of its door.',
    law: 'conservation',
    file: 'server/src/ingest/receive.ts',
    find: `          if (outcome.kept === true) kept += 1
          else count('refused', 1)`,
    put: `          if (outcome.kept === false) count('refused', 1)`,
    scenario: 'load',
  },
  {
    name: 'idempotency key ignored',
    what: 'A request that is sent again with its Idempotency-Key gets new ids.',
    law: 'phantom',
    file: 'server/src/ingest/receive.ts',
    find: 'idempotencyKey === undefined ? nextId() : foreignId(source, idempotencyKey, String(index), time)',
    put: 'nextId()',
    scenario: 'idempotency key',
  },
  {
    name: 'later acknowledgement overtakes',
    what: 'The WebSocket door acknowledges a batch while an earlier one waits: the number covers both.',
    law: 'lost',
    file: 'server/src/ingest/websocket.ts',
    find: 'while (flight[0]?.receipt !== undefined) ready.push(...flight.splice(0, 1))',
    put: `for (const batch of flight) if (batch.receipt !== undefined) ready.push(batch)
    flight = flight.filter(({ receipt }) => receipt === undefined)`,
    scenario: 'head held',
  },
  {
    name: 'retried batch passed over',
    what: 'After a retry the WebSocket door waits for the batch behind the one that failed.',
    law: 'lost',
    file: 'server/src/ingest/websocket.ts',
    find: '    expected = batch.n\n',
    put: '    expected = batch.n + 1\n',
    scenario: 'head held',
  },
  {
    name: 'duplicate acknowledged before its first',
    what: 'The broker knows an id from a batch that has not committed, and answers its second sender at once.',
    law: 'lost',
    file: 'server/src/broker/direct.ts',
    find: '      const queue = queueOf(submission.partition)\n      let bytes = envelopeBytes',
    put: `      const taken = ((globalThis as { taken?: Set<string> }).taken ??= new Set())
      if (submission.events.every(({ id }) => taken.has(id)))
        return Promise.resolve({ durability: 'durable', outcomes: submission.events.map(() => ({ kind: 'duplicate' })), head: 0 })
      for (const { id } of submission.events) taken.add(id)
      const queue = queueOf(submission.partition)
      let bytes = envelopeBytes`,
    scenario: 'head held',
  },
  {
    name: 'batch turned round',
    what: 'What gathered behind a commit is committed newest first.',
    law: 'order',
    file: 'server/src/broker/direct.ts',
    find: 'return remove(queue, count)',
    put: 'return remove(queue, count).reverse()',
    scenario: 'head held',
  },
  {
    name: 'consumer ends at a failed batch',
    what: 'The first batch that cannot be committed in time is the last that its partition takes.',
    law: 'liveness',
    file: 'server/src/broker/direct.ts',
    find: 'for (const { fail } of batch) fail(reason)\n',
    put: 'for (const { fail } of batch) fail(reason)\n          return\n',
    scenario: 'head held',
  },
]
