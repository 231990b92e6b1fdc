/** What PostgreSQL's error codes mean to who writes. */
const codeOf = (error: unknown): string => String((error as { code?: unknown } | null)?.code ?? '')

/** A commit, or a write of rows, whose partition another writer took. */
export const isFenced = (error: unknown): boolean => codeOf(error) === 'SBX01'

/** Days were sealed that the writer does not know of. */
export const knowsTooFewSealed = (error: unknown): boolean => codeOf(error) === 'SBX02'

/** lock_not_available: it would have had to wait for longer than it may. */
export const isLocked = (error: unknown): boolean => codeOf(error) === '55P03'

/** undefined_table. */
export const isDropped = (error: unknown): boolean => codeOf(error) === '42P01'

/** unique_violation: a key is there already. deadlock_detected: another inserts the same keys in another order. */
const conflicts: ReadonlySet<string> = new Set(['23505', '40P01'])
export const isConflict = (error: unknown) => conflicts.has(codeOf(error))

/** Classes that blame what was written, not the world: data_exception, integrity_constraint_violation, program_limit_exceeded. */
export const blamesData = (error: unknown) => /^(22|23|54)...$/.test(codeOf(error)) && !isConflict(error)

/** check_violation of the log itself, which has no constraint: none of its tables takes the id. */
export const lacksTable = (error: unknown) => codeOf(error) === '23514' && (error as { table?: unknown }).table === 'log'
