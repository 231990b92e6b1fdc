/** What PostgreSQL's error codes mean to who writes. */
export const codeOf = (error: unknown): string => String((error as { code?: unknown } | null)?.code ?? '')

/** A commit, or a write of rows, whose partition another writer took. */
export const fencedState = 'SBX01'

/** unique_violation: a key is there already. deadlock_detected: another inserts the same keys in another order. */
const conflicts: ReadonlySet<string> = new Set(['23505', '40P01'])
export const isConflict = (error: unknown) => conflicts.has(codeOf(error))

/** Classes that blame what was written, not the world: data_exception, integrity_constraint_violation, program_limit_exceeded. */
export const blamesData = (error: unknown) => /^(22|23|54)...$/.test(codeOf(error)) && !isConflict(error)
