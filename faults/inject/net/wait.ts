/** How faults wait: by looking, and by lasting. */
const lookEveryMs = 20

export const lasting = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Resolves when it is so, to how many ms that took; rejects, naming `what`, when it is not so within `patienceMs`. */
export async function until(what: string, patienceMs: number, isSo: () => boolean | Promise<boolean>): Promise<number> {
  const since = performance.now()
  while (!(await isSo())) {
    if (performance.now() - since > patienceMs) throw new Error(`Within ${patienceMs} ms it was not seen that ${what}.`)
    await lasting(lookEveryMs)
  }
  return performance.now() - since
}
