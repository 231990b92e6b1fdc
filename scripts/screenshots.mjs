/**
 * `npm run screenshots [-- fleet run …]`: writes docs/screenshots/*.png, so that the README shows the dashboard as it is.
 * Starts a server of its own, replays the recorded fleet (SIGNALBOX_TEST_DATA, else ../shared/data) up to a fixed number of events, and
 * stops it there: what is seen is the same each time, but for ages and clocks.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildDashboard, fail, installPackages, nodeBinary, root } from './setup.mjs'

/** Of the recording: when many of its workers are busy. */
const events = 5_450
const speed = '1500x'
const recording = join(process.env.SIGNALBOX_TEST_DATA ?? join(root, '..', 'shared', 'data'), 'gastown-fleet')
const chromiumPath = process.env.SIGNALBOX_CHROMIUM ?? '/usr/bin/chromium'
if (!existsSync(recording)) fail(`there is no recording at ${recording}; set SIGNALBOX_TEST_DATA to the folder that holds gastown-fleet.`)
if (!existsSync(chromiumPath)) fail('pictures need Chromium: install it or set SIGNALBOX_CHROMIUM to its path.')
installPackages()
buildDashboard()
// Only now are the packages there.
const { chromium } = await import('playwright-core')

const cli = (args, env = {}) =>
  spawn(nodeBinary(), [join(root, 'packages', 'cli', 'src', 'main.ts'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  })

async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill()
  await ended
}

async function addressOf(server) {
  let said = ''
  for await (const chunk of server.stdout) {
    said += chunk
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0]
    if (url !== undefined) return url
  }
  return fail(`the server ended while starting: ${said}`)
}

/** The run's id, once it has had so many events. */
async function played(url) {
  for (;;) {
    const response = await fetch(`${url}/v1/runs?limit=1`)
    const { items } = await response.json()
    if (items[0]?.events >= events) return items[0].id
    await new Promise((resume) => setTimeout(resume, 25))
  }
}

const data = mkdtempSync(join(tmpdir(), 'signalbox-screenshots-'))
const server = cli(['up'], { SIGNALBOX_DATA: data, SIGNALBOX_PORT: '0', SIGNALBOX_LOG_LEVEL: 'error' })
try {
  const url = await addressOf(server)
  server.stdout.resume()
  const replay = cli(['import', '--format', 'gastown', '--speed', speed, '--url', url, recording])
  replay.stdout.resume()
  const run = await played(url)
  await stop(replay)

  const pictures = {
    fleet: { path: '/', shows: 'mayor' },
    'fleet-light': { path: '/?view=table&sel=agent:mayor', shows: 'mayor', theme: 'light' },
    run: { path: `/runs/${encodeURIComponent(run)}`, shows: 'Gas Town' },
    tail: { path: '/tail', shows: 'task.' },
  }
  const wanted = process.argv.slice(2).length > 0 ? process.argv.slice(2) : Object.keys(pictures)
  const browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox', '--disable-gpu'] })
  for (const name of wanted) {
    const {
      path,
      shows,
      theme = 'dark',
    } = pictures[name] ?? fail(`there is no picture "${name}"; there are ${Object.keys(pictures).join(', ')}.`)
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: theme, reducedMotion: 'reduce' })
    await page.goto(`${url}${path}`)
    await page.getByTestId('connection').getByText('live').waitFor()
    // Rows and lanes come with the feed, after the badge.
    await page.waitForLoadState('networkidle')
    await page.getByText(shows).first().waitFor()
    await page.screenshot({ path: join(root, 'docs', 'screenshots', `${name}.png`) })
    await page.close()
    console.log(`docs/screenshots/${name}.png`)
  }
  await browser.close()
} finally {
  await stop(server)
  rmSync(data, { recursive: true, force: true })
}
