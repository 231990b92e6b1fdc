/**
 * `npm run screenshots [-- fleet run …]`: writes docs/screenshots/*.png, so that the README shows the dashboard as it is.
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

  // By their moment, in seconds: one agent is lost then, another stuck.
  const pictures = {
    fleet: { at: 38, path: () => '/', shows: 'Harbour' },
    'fleet-light': { at: 42, path: () => '/?view=table&sel=agent:demo/dogwood', shows: 'Harbour', theme: 'light' },
    run: { at: 50, path: async () => `/runs/${encodeURIComponent(await firstRun(url))}`, shows: 'Demo' },
    tail: { at: 60, path: () => '/tail', shows: 'task.' },
  }
  const wanted = process.argv.slice(2).length > 0 ? process.argv.slice(2) : Object.keys(pictures)
  const browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox', '--disable-gpu'] })
  for (const name of wanted) {
    const {
      at,
      path,
      shows,
      theme = 'dark',
    } = pictures[name] ?? fail(`there is no picture "${name}"; there are ${Object.keys(pictures).join(', ')}.`)
    await new Promise((resume) => setTimeout(resume, Math.max(0, begin + at * 1_000 - Date.now())))
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme: theme, reducedMotion: 'reduce' })
    await page.goto(`${url}${await path()}`)
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
  if (demo !== undefined) await stop(demo)
  await stop(server)
  rmSync(data, { recursive: true, force: true })
}
