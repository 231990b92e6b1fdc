/** Browsers have no folder: events stay in memory. */
import type { Spool } from './spool.ts'

export async function openSpool(folder: string, _mostBytes: number): Promise<Spool> {
  throw new Error(`there is no folder ${folder} in a browser; leave out spoolDir`)
}
