/**
 * `npm run screenshots [-- fleet run …]`: writes docs/screenshots/*.png, each screen in dark and light, so that the documents show the dashboard as it is.
 * Starts a server of its own and `signalbox demo`, and takes each picture at its moment of that story: what is seen is about the same
 * each time.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildDashboard, fail, installPackages, nodeBinary, root } from './setup.mjs'

const chromiumPath = process.env.SIGNALBOX_CHROMIUM ?? '/usr/bin/chromium'
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

async function firstRun(url) {
  const response = await fetch(`${url}/v1/runs?limit=100`)
  const { items } = await response.json()
  return items.at(-1)?.id ?? fail('the demonstration has no run yet.')
}

const data = mkdtempSync(join(tmpdir(), 'signalbox-screenshots-'))
const server = cli(['up'], { SIGNALBOX_DATA: data, SIGNALBOX_PORT: '0', SIGNALBOX_LOG_LEVEL: 'error' })
let demo
try {
  const url = await addressOf(server)
  server.stdout.resume()
  demo = cli(['demo', '--url', url])
  demo.stdout.resume()
  const begin = Date.now()

  // The story's moments, in seconds: one agent is lost from 33, another stuck at 38.
  const at = { fleet: 38, run: 50 }
  const run = async () => `/runs/${encodeURIComponent(await firstRun(url))}`
  const pictures = {
    fleet: { from: at.fleet, path: () => '/', shows: 'Harbour' },
    table: { from: at.fleet, path: () => '/?view=table&sel=agent:demo/dogwood', shows: 'Harbour' },
    run: { from: at.run, path: run, shows: 'Demo' },
    tree: { from: at.run, path: async () => `${await run()}/tree`, shows: 'Demo' },
    graph: { from: at.run, path: async () => `${await run()}/graph`, shows: 'Demo' },
    runs: { from: at.run, path: () => '/runs', shows: 'Demo' },
    tail: { from: at.run, path: () => '/tail', shows: 'task.' },
    explore: { from: at.run, path: () => '/explore', shows: 'tokens' },
    past: { from: at.run, path: () => `/?at=${Date.now() - 20_000}`, shows: 'Harbour', past: true },
    pipeline: { from: at.run, path: () => '/pipeline', shows: 'stored' },
    palette: { from: at.run, path: () => '/', shows: 'Harbour', press: 'Control+k' },
    settings: { from: at.run, path: () => '/settings', shows: 'Theme' },
  }
  const wanted = process.argv.slice(2).length > 0 ? process.argv.slice(2) : Object.keys(pictures)
  const browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox', '--disable-gpu'] })
  for (const name of wanted) {
    const picture = pictures[name] ?? fail(`there is no picture "${name}"; there are ${Object.keys(pictures).join(', ')}.`)
    await new Promise((resume) => setTimeout(resume, Math.max(0, begin + picture.from * 1_000 - Date.now())))
    for (const theme of ['dark', 'light']) {
      const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: theme, reducedMotion: 'reduce' })
      await page.goto(`${url}${await picture.path()}`)
      await page
        .getByTestId('connection')
        .getByText(picture.past === true ? 'past' : 'live')
        .waitFor()
      // Rows and lanes come with the feed, after the badge.
      await page.waitForLoadState('networkidle')
      await page.getByText(picture.shows).first().waitFor()
      if (picture.press !== undefined) await page.keyboard.press(picture.press)
      // Charts and sparklines have something to show after a few frames of the feed.
      await page.waitForTimeout(2_500)
      await page.screenshot({ path: join(root, 'docs', 'screenshots', `${name}-${theme}.png`) })
      await page.close()
      console.log(`docs/screenshots/${name}-${theme}.png`)
    }
  }
  await browser.close()
} finally {
  if (demo !== undefined) await stop(demo)
  await stop(server)
  rmSync(data, { recursive: true, force: true })
}
