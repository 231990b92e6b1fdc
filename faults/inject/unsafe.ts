/**
 * Preloaded into a server (`node --import`) it takes one of the settings away that acknowledgements rest on.
 * For the counter-proof of power cuts alone: a test that loses nothing of such a server sees nothing.
 */
import { registerHooks } from 'node:module'

/** What to read in place of what, by the file that says it. */
const without = {
  fsync: { file: '/store/embedded.ts', is: "'fsync=on'", becomes: "'fsync=off'" },
  synchronous_commit: { file: '/sequencer/hold.ts', is: 'set synchronous_commit = on', becomes: 'set synchronous_commit = off' },
} as const

export type Safety = keyof typeof without
export const safeties = Object.keys(without) as readonly Safety[]
/** Names the setting in the environment of a server. */
const key = 'SIGNALBOX_FAULTS_WITHOUT'

export const unsafeEnv = (safety: Safety): Readonly<Record<string, string>> => ({
  NODE_OPTIONS: `--import=${import.meta.url}`,
  [key]: safety,
})

const taken = safeties.find((safety) => safety === process.env[key])
if (taken !== undefined) {
  const { file, is, becomes } = without[taken]
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context)
      if (!url.endsWith(file)) return loaded
      const source = String(loaded.source)
      if (!source.includes(is)) throw new Error(`${file} no longer says ${is}: the counter-proof has to be brought up to date.`)
      return { ...loaded, source: source.replace(is, becomes) }
    },
  })
}
