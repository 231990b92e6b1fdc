/** All seeded bugs. Each must be found by its law in a run of its scenario, which the server as it is passes. */
import { ingestMutants } from './ingest.ts'
import { liveMutants } from './live.ts'
import type { Mutant } from './mutant.ts'
import { rowsMutants } from './rows.ts'
import { sealingMutants } from './sealing.ts'
import { sequencerMutants } from './sequencer.ts'

export const mutants: readonly Mutant[] = [...ingestMutants, ...sequencerMutants, ...rowsMutants, ...sealingMutants, ...liveMutants]
