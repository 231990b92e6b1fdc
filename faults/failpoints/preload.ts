/**
 * For `node --import`: writes into the server's source text, as it is loaded, the mutant named by SIGNALBOX_MUTANT and, if
 * SIGNALBOX_FAILPOINTS is set, the fail points. The server itself reads neither.
 */
import { registerHooks } from 'node:module'
import { mutated } from '../mutants/mutant.ts'
import { mutants } from '../mutants/mutants.ts'
import { pointedFiles, withPoints } from './points.ts'

const packages = new URL('../../packages/', import.meta.url).href
const server = `${packages}server/src/`
const runtime = new URL('./at.ts', import.meta.url).href
const { SIGNALBOX_MUTANT: wanted, SIGNALBOX_FAILPOINTS: points } = process.env

const mutant = mutants.find(({ name }) => name === wanted)
if (wanted !== undefined && wanted !== '' && mutant === undefined) throw new Error(`There is no mutant "${wanted}".`)
const pointed = new Set(points === undefined || points === '' ? [] : pointedFiles.map((file) => server + file))

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    if (!url.startsWith(packages) || loaded.source == null) return loaded
    let source = String(typeof loaded.source === 'string' ? loaded.source : Buffer.from(loaded.source as Uint8Array))
    if (mutant !== undefined && url === packages + mutant.file) source = mutated(mutant, source)
    if (pointed.has(url)) source = withPoints(url.slice(server.length), source, runtime)
    return { ...loaded, source }
  },
})
