/** `--profile`: where the page's time goes, as files that Chromium's developer tools open. */
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CDPSession } from 'playwright-core'
import { hottest } from './measure.ts'
import { isAsked } from './options.ts'

export async function profiled<T>(cdp: CDPSession, what: string, act: () => Promise<T>): Promise<T> {
  if (!isAsked('profile')) return act()
  await cdp.send('Profiler.enable')
  await cdp.send('Profiler.setSamplingInterval', { interval: 250 })
  await cdp.send('Profiler.start')
  const answer = await act()
  const { profile } = await cdp.send('Profiler.stop')
  const file = join(tmpdir(), `dashboard-${what.replaceAll(' ', '-')}.cpuprofile`)
  await writeFile(file, JSON.stringify(profile))
  console.log([`profile of ${what} in ${file}`, ...hottest(profile, 12)].join('\n'))
  return answer
}
