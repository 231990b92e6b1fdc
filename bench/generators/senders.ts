/** Makes ready, and answers what sends until the time is up. */
export type Sender = (sender: number) => Promise<(startedAt: number) => Promise<void>>

/** Lets all of them send once all are ready, prints one line of JSON, and ends the process. */
export async function sendAll(senders: number, open: Sender, counts: () => { readonly acknowledged: number; readonly refused: number }) {
  const sends = await Promise.all(Array.from({ length: senders }, (_, sender) => open(sender)))
  const startedAt = performance.now()
  await Promise.all(sends.map((send) => send(startedAt)))
  const seconds = (performance.now() - startedAt) / 1_000
  const { acknowledged, refused } = counts()
  console.log(JSON.stringify({ acknowledged, refused, seconds, perSecond: Math.round(acknowledged / seconds) }))
  process.exit()
}
