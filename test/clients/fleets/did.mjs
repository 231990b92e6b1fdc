/** What a fleet did, written down by its own fake models and tools: what its client tells must come to the same. */

/** Where the server is, as the test says. */
export const { SIGNALBOX_URL: url, SIGNALBOX_KEY: key } = process.env

/** What the door's page says to paste, run; answers what it exports. */
export const pasted = () => import(process.env.SIGNALBOX_PASTED)

export function notebook() {
  const calls = []
  const edges = new Map()
  return {
    calls,
    /** `usage`: tokens as the model says them; input includes cached ones. */
    model: (agent, usage, more = {}) => void calls.push({ agent, kind: 'llm', state: 'finished', ...usage, ...more }),
    tool: (agent, name, state = 'finished') => void calls.push({ agent, kind: 'tool', name, state }),
    /** `kind`: delegation or handoff. */
    edge: (kind, from, to) => edges.set(`${kind} ${from} ${to}`, (edges.get(`${kind} ${from} ${to}`) ?? 0) + 1),
    did: (run, more = {}) => ({ run, calls, edges: Object.fromEntries(edges), ...more }),
  }
}

/** On a line of its own, the last one. */
export const tell = (...runs) => process.stdout.write(`\n${JSON.stringify(runs)}\n`)
