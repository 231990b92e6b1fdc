/** The run's end of the fail points: starts a server with them, says what is to happen at one, and learns that it did. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { armedFile, firedFile, type Order, seenFile } from './at.ts'
import { pointedFiles, pointsOf } from './points.ts'

export type { Order } from './at.ts'

const name = 'failpoints'
const preload = new URL('./preload.ts', import.meta.url).href
const serverSource = join(import.meta.dirname, '../../packages/server/src')

/** Has Node load the server's source through `preload.ts`. */
export const preloadEnv = { NODE_OPTIONS: `--disable-warning=ExperimentalWarning --import ${preload}` }
/** A server with this has its points, in a folder below its data. */
export const failpointsEnv = { ...preloadEnv, SIGNALBOX_FAILPOINTS: name }

/** All points of the server as its source is now. */
export async function allPoints(): Promise<string[]> {
  const files = pointedFiles.map(async (file) => pointsOf(file, await readFile(join(serverSource, file), 'utf8')))
  return (await Promise.all(files)).flat()
}

/** In one step, so that no half of it is read. What had fired before is forgotten. */
export async function arm(dataFolder: string, order: Order): Promise<void> {
  const folder = join(dataFolder, name)
  await mkdir(folder, { recursive: true })
  await rm(join(folder, firedFile), { force: true })
  await writeFile(join(folder, `${armedFile}.new`), JSON.stringify(order))
  await rename(join(folder, `${armedFile}.new`), join(folder, armedFile))
}

export const disarm = (dataFolder: string) => rm(join(dataFolder, name, armedFile), { force: true })

/** What fired since it was armed. */
export async function fired(dataFolder: string): Promise<Order | undefined> {
  const text = await readFile(join(dataFolder, name, firedFile), 'utf8').catch(() => '')
  return text === '' ? undefined : (JSON.parse(text) as Order)
}

/** Points that any life of the server has come to. */
export async function seenPoints(dataFolder: string): Promise<ReadonlySet<string>> {
  const text = await readFile(join(dataFolder, name, seenFile), 'utf8').catch(() => '')
  return new Set(text.split('\n').filter((point) => point !== ''))
}
