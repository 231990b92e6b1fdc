/** Makes an input smaller as long as it still breaks: whole stretches are left out, ever shorter ones, then bytes become dull. */
const mostTries = 600

export async function shrink(input: Uint8Array, breaks: (smaller: Uint8Array) => Promise<boolean>): Promise<Uint8Array> {
  let best = input
  let tries = 0
  const better = async (candidate: Uint8Array) => {
    tries += 1
    if (!(await breaks(candidate))) return false
    best = candidate
    return true
  }
  for (let length = Math.ceil(best.length / 2); length >= 1 && tries < mostTries; length = Math.floor(length / 2)) {
    for (let at = 0; at < best.length && tries < mostTries; ) {
      const without = Buffer.concat([best.subarray(0, at), best.subarray(at + length)])
      if (!(await better(without))) at += length
    }
  }
  const dull = 'a'.charCodeAt(0)
  for (let at = 0; at < best.length && tries < mostTries; at += 1) {
    if (best[at] === dull) continue
    const duller = Uint8Array.from(best)
    duller[at] = dull
    await better(duller)
  }
  return best
}
