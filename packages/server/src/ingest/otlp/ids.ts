/** Trace and span ids, as lower-case hexadecimal. All zeros is none. */
export const traceIdBytes = 16
export const spanIdBytes = 8

export const isZero = (hex: string): boolean => /^0*$/.test(hex)

/** What is wrong with the id of so many bytes. */
export function idProblem(name: string, hex: string, bytes: number): string | undefined {
  if (hex.length === bytes * 2 && /^[0-9a-f]+$/.test(hex) && !isZero(hex)) return undefined
  return isZero(hex)
    ? `${name} is missing or zero.`
    : `${name} must be ${bytes * 2} hexadecimal digits (${bytes} bytes), not "${hex.slice(0, 64)}".`
}
