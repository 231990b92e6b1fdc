/** Whom PostgreSQL's refusal of a commit blames, by its SQLSTATE. */
import { fencedState } from '../store/log-write.ts'

const codeOf = (error: unknown): string => String((error as { code?: unknown } | null)?.code ?? '')
/** unique_violation: an id is in the log. deadlock_detected: another partition inserts the same ids in another order. */
const conflicts: ReadonlySet<string> = new Set(['23505', '40P01'])
/** Classes of SQLSTATE that blame what was written, not the world: data_exception, integrity_constraint_violation, program_limit_exceeded. */
export const blamesData = (error: unknown) => /^(22|23|54)...$/.test(codeOf(error)) && !conflicts.has(codeOf(error))
/** check_violation of the log itself, which has no constraint: none of its tables takes the id. */
export const lacksTable = (error: unknown) => codeOf(error) === '23514' && (error as { table?: unknown }).table === 'log'
/** Another one inserted, or inserts, the same ids. */
export const isConflict = (error: unknown): boolean => conflicts.has(codeOf(error))
/** Another writer took the partition. */
export const isFenced = (error: unknown): boolean => codeOf(error) === fencedState
