/** `npm run icons`: draws the PNG icons of the dashboard from its icon.svg, for who installs it as an app. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fail, installPackages, root } from './setup.mjs'

const chromiumPath = process.env.SIGNALBOX_CHROMIUM ?? '/usr/bin/chromium'
if (!existsSync(chromiumPath)) fail('icons need Chromium: install it or set SIGNALBOX_CHROMIUM to its path.')
installPackages()
const { chromium } = await import('playwright-core')

const folder = join(root, 'packages', 'dashboard', 'public')
const svg = `data:image/svg+xml;base64,${readFileSync(join(folder, 'icon.svg')).toString('base64')}`
const ground = '#14171f'
const browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox', '--disable-gpu'] })
try {
  const page = await browser.newPage()
  // A maskable one is cut to any shape: its middle four fifths must hold all of the picture.
  for (const [name, size, share, colour] of [
    ['icon-192.png', 192, 1, 'transparent'],
    ['icon-512.png', 512, 1, 'transparent'],
    ['icon-maskable-512.png', 512, 0.8, ground],
  ]) {
    await page.setViewportSize({ width: size, height: size })
    const edge = Math.round(size * share)
    await page.setContent(
      `<body style="margin:0;background:${colour};display:grid;place-items:center;height:${size}px"><img src="${svg}" width="${edge}" height="${edge}">`,
    )
    await page.locator('img').evaluate((image) => image.decode())
    await page.screenshot({ path: join(folder, name), omitBackground: true })
  }
} finally {
  await browser.close()
}
