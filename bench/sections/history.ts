/** What a long history costs: pages, moments of the past, a start after a kill, disk; with the same fleet for longer, so that only the history grows. */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { HistoryMade } from '../generators/history.ts'
import { type Bench, child, count, inTables, type Section, type Server, serve, withData } from '../harness.ts'
import { measureDisk } from './disk.ts'
import { measureSeeks } from './history-seek.ts'
import { measureIntake } from './intake.ts'
import { measurePages, type PageFigures, tellPages } from './queries.ts'
import { measureRestart } from './restart.ts'
import { measureSealed } from './sealed.ts'

/** A server on a history. */
export interface Past extends HistoryMade {
  readonly server: Server
}

const million = 1_000_000
/** Millions of events. A hundred take fifty minutes to be made, and 42 GB: they have to be asked for. */
const usualSizes = '1,10'
/** Of more, sealing all days would take longer than all else. */
const mostSealed = 10 * million

async function made(bench: Bench, folder: string, events: number): Promise<HistoryMade> {
  const maker = child('generators/history.ts', [folder, String(events)])
  const history = JSON.parse(await maker.line()) as HistoryMade
  await maker.stop()
  bench.tell(
    `${count(events)} events, made at ${count(events / history.seconds)}/s; of ${history.verifiedRuns} runs the rows are what the log folds to`,
  )
  return history
}

async function measureOne(bench: Bench, folder: string, events: number): Promise<PageFigures> {
  const history = await made(bench, folder, events)
  const server = await serve(folder, inTables)
  let pages: PageFigures
  try {
    const past = { ...history, server }
    pages = await measurePages(bench, past)
    await measureSeeks(bench, past)
    await measureDisk(bench, past)
  } finally {
    await server.stop()
  }
  await measureRestart(bench, folder, events)
  if (events <= mostSealed) await measureSealed(bench, folder, events)
  await measureIntake(bench, folder, events)
  return pages
}

export const section: Section = {
  name: 'history',
  long: true,
  measure: (bench) =>
    withData(async (own) => {
      const kept = bench.option('data')
      const figures: PageFigures[] = []
      for (const size of (bench.option('sizes') ?? usualSizes).split(',')) {
        const folder = join(kept ?? own, `history-${size}`)
        await mkdir(folder, { recursive: true })
        figures.push(await measureOne(bench, folder, Number(size) * million))
        if (kept === undefined) await rm(folder, { recursive: true, force: true })
      }
      tellPages(bench, figures)
    }),
}
