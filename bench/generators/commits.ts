/** The reference of single events without pgbench: connections that each insert one row a transaction. Prints transactions a second. */
import pg from 'pg'

const [database, secondsText, connections, statement] = process.argv.slice(2)
const clients = await Promise.all(
  Array.from({ length: Number(connections) }, async () => {
    const client = new pg.Client({ connectionString: database })
    await client.connect()
    return client
  }),
)
const startedAt = performance.now()
const until = startedAt + Number(secondsText) * 1_000
let committed = 0
await Promise.all(
  clients.map(async (client) => {
    while (performance.now() < until) {
      await client.query({ name: 'insert', text: statement ?? '' })
      committed += 1
    }
    await client.end()
  }),
)
console.log(committed / ((performance.now() - startedAt) / 1_000))
