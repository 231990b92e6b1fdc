/** Recordings of real fleets for the journeys, brought in as a user brings them in. */
import { execFile } from 'node:child_process'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const root = join(import.meta.dirname, '..')

const recordings = resolve(root, process.env.SIGNALBOX_TEST_DATA ?? '../shared/data')

/** Resolves when the server at `url` has all of it. */
export async function importRecording(format: 'claude-code' | 'gastown', folder: string, url: string): Promise<void> {
  const words = ['import', '--format', format, join(recordings, folder), '--url', url]
  await promisify(execFile)(process.execPath, [join(root, 'packages/cli/src/main.ts'), ...words], { maxBuffer: 1e8 })
}
