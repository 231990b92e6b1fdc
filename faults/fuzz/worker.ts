/** The thread of `guard.ts`. */
import { parentPort, workerData } from 'node:worker_threads'
import { fuzz } from './fuzz.ts'
import { headBytes, mostInputBytes, type Shared } from './guard.ts'
import { targets } from './targets.ts'

const { targets: names, shared, seed, inputs, msEach } = workerData as Shared
const [words, bytes] = [new Int32Array(shared, 0, 3), new Uint8Array(shared, headBytes)]
for (const [index, name] of names.entries()) {
  const target = targets.find((one) => one.name === name)
  if (target === undefined) throw new Error(`There is no target "${name}".`)
  Atomics.store(words, 2, index)
  const found = await fuzz(target, {
    seed,
    inputs,
    ...(msEach === undefined ? {} : { until: Date.now() + msEach }),
    onInput(input) {
      bytes.set(input.subarray(0, mostInputBytes))
      Atomics.store(words, 1, Math.min(input.length, mostInputBytes))
      Atomics.add(words, 0, 1)
    },
  })
  parentPort?.postMessage(found)
}
