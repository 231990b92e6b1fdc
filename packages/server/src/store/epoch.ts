import { randomBytes } from 'node:crypto'

/** Four bytes in hex: what a cursor carries. */
export const newEpoch = (): string => randomBytes(4).toString('hex')
