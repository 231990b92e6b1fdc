/**
 * What a fresh clone needs before anything runs: the packages, a recent Node, the built dashboard.
 * Runs on the machine's own Node (20 or newer); everything else runs on the Node that npm brings.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const oldestNodeMajor = 24

export function fail(sentence) {
  console.error(`signalbox: ${sentence}`)
  process.exit(1)
}

const hashOf = (files) => {
  const hash = createHash('sha256')
  for (const file of files) hash.update(relative(root, file)).update(readFileSync(file))
  return hash.digest('hex')
}

const readIf = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : '')

export function installPackages() {
  const major = Number(process.versions.node.split('.')[0])
  if (major < 20) fail(`Node ${process.versions.node} is too old to set up; install Node 20 or newer.`)
  install(root, 'packages', 'half a minute')
}

/** Other tools' clients, which only the tests of their doors need. */
export function installClients() {
  install(join(root, 'test', 'clients'), 'the clients that doors are tested with', 'a minute')
}

function install(folder, what, howLong) {
  const stamp = join(folder, 'node_modules', '.signalbox-lock')
  const wanted = hashOf([join(folder, 'package-lock.json')])
  if (readIf(stamp) === wanted) return
  console.error(`signalbox: installing ${what}, once, about ${howLong} …`)
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  // Not `npm ci`: it refuses a lock without the binaries of platforms that a registry does not carry. The locked versions are installed all the same.
  const done = spawnSync(npm, ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    stdio: ['ignore', 2, 2],
  })
  if (done.status !== 0) fail('npm install failed; its message is above. Check the network and the npm registry, then try again.')
  writeFileSync(stamp, wanted)
}

/** The pinned Node of node_modules where the platform has one, else the machine's own if it is recent enough. */
export function nodeBinary() {
  const bundled = join(root, 'node_modules', '.bin', 'node')
  if (existsSync(bundled)) return bundled
  if (Number(process.versions.node.split('.')[0]) >= oldestNodeMajor) return process.execPath
  return fail(`npm brings no Node for ${process.platform}-${process.arch}; install Node ${oldestNodeMajor} or newer and try again.`)
}

const filesBelow = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort()

export function buildDashboard() {
  const home = join(root, 'packages', 'dashboard')
  const stamp = join(home, 'dist', '.sources')
  const sources = ['model', 'client', 'dashboard'].flatMap((name) => filesBelow(join(root, 'packages', name, 'src')))
  const build = ['vite.config.ts', 'shell.ts', 'compress.ts', 'index.html'].map((name) => join(home, name))
  const wanted = hashOf([...sources, ...filesBelow(join(home, 'public')), ...build, join(root, 'package-lock.json')])
  if (readIf(stamp) === wanted) return
  console.error('signalbox: building the dashboard, a few seconds …')
  const done = run(join(root, 'node_modules', 'vite', 'bin', 'vite.js'), ['build', '--logLevel', 'warn'], home)
  if (done !== 0) fail('the dashboard did not build; the message is above.')
  mkdirSync(join(home, 'dist'), { recursive: true })
  writeFileSync(stamp, wanted)
}

/** Runs a script on our Node with our tools first on PATH; returns its exit code. */
export function run(script, args = [], cwd = root) {
  const node = nodeBinary()
  const path = `${join(root, 'node_modules', '.bin')}:${process.env.PATH}`
  const done = spawnSync(node, [script, ...args], { cwd, stdio: ['inherit', 2, 2], env: { ...process.env, PATH: path } })
  return done.status ?? 1
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  installPackages()
  buildDashboard()
}
