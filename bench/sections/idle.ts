/**
 * Dashboards that hold a connection and are sent nothing but heartbeats: what each costs the server's own process. As many as are wanted
 * in the end, or as the machine lets one process have files open (`ulimit -Hn`), which nothing here can raise.
 */
import { count, type Section, wanted } from '../harness.ts'
import { mostFiles, openReaders, type Readers } from './readers.ts'

const first = 20_000
const goal = 50_000
const mostKiB = 10
/** What a first reader of each kind costs once: code compiled, tables grown. */
const warming = 500
const readersAProcess = 10_000
/** Files of the server's own beside its connections: its database, its log, the listening sockets. */
const ownFiles = 100
/** As the control room's: the newest rows of the whole fleet. */
const query = 'feed=state'

export const section: Section = {
  name: 'idle',
  long: true,
  async measure(bench) {
    const server = await bench.serve()
    const files = mostFiles()
    const most = Math.min(goal, files - ownFiles)
    const warm = await openReaders(server, 'websocket', warming, { query })
    await warm.stop()
    while ((await server.metric('signalbox_live_clients')) > 0) await new Promise((resume) => setImmediate(resume))
    const before = await server.usage('collect')
    const groups: Readers[] = []
    for (let held = 0; held < most; held += readersAProcess)
      groups.push(
        await openReaders(server, 'websocket', Math.min(readersAProcess, most - held), { query, firstAddress: 1 + 10 * groups.length }),
      )
    const after = await server.usage('collect')
    const each = (what: 'residentBytes' | 'heapBytes' | 'externalBytes') => (after[what] - before[what]) / most / 1_024
    for (const what of ['residentBytes', 'heapBytes', 'externalBytes'] as const) bench.sample(`${what} a dashboard, KiB`, each(what))
    const limit = most < goal ? `, all that ${count(files)} open files a process (ulimit -Hn) let it` : ''
    bench.row({
      what: 'idle dashboards held by one server, over WebSocket',
      figure: `${count(most)}${limit}`,
      beside: `connected in ${(groups.reduce((sum, { connectMs }) => sum + connectMs, 0) / 1_000).toFixed(1)} s`,
      // What was not tried is not missed.
      wanted: most < first ? `${first}, then ${goal}: not tried beyond the limit` : wanted(most, first, goal),
    })
    bench.row({
      what: "resident memory of the server's process for each, after a collection",
      figure: `${each('residentBytes').toFixed(1)} KiB`,
      beside: `${each('heapBytes').toFixed(1)} KiB of it in V8's heap`,
      wanted: `at most ${mostKiB} KiB: ${each('residentBytes') <= mostKiB ? 'reached' : '**not reached**'}`,
    })
    for (const group of groups) await group.stop()
  },
}
