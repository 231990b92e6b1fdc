/** Saved views and acknowledgements: kept by the server for all who look at this fleet, made offline too. */
import { create } from 'zustand'
import { useConnection } from './live/connection.ts'
import { fetchWithKey, heldKey } from './live/key.ts'
import { serverNow } from './live/live.ts'
import type { Acknowledgement, SavedView, Shown } from './offline/kept.ts'
import { memoryBox, placeBox } from './offline/kept-box.ts'
import { type Answer, createKeptSync, type KeptSync } from './offline/kept-sync.ts'
import { nameOf, openPlace } from './offline/place.ts'

export type { Acknowledgement, SavedView }

export const useKept = create<Shown & { /** Why a change was not taken. */ readonly refused?: string | undefined }>(() => ({
  views: [],
  acknowledged: new Map(),
  waiting: 0,
}))

/** What others keep is read so often while the page is looked at. */
const readEveryMs = 60_000

let started: Promise<KeptSync> | undefined
const isReached = () => {
  const { status, refused } = useConnection.getState()
  return status.state === 'open' && refused === undefined
}

export function startKept(): void {
  started ??= start()
}

async function start(): Promise<KeptSync> {
  const place = await openPlace()
  const name = `${(await nameOf(heldKey())) ?? 'signalbox'}.kept`
  const channel = new BroadcastChannel(name)
  const sync = createKeptSync({
    box: place === undefined ? memoryBox() : placeBox(place),
    ask,
    now: serverNow,
    onShown: (shown) => useKept.setState(shown),
    onRefused: (refused) => useKept.setState({ refused }),
    onStored: () => channel.postMessage('stored'),
    // Only in secure contexts; without it a change may be sent twice, which is as good as once.
    alone: async (run) => (navigator.locks === undefined ? run() : navigator.locks.request(name, run)),
    later: (ms, run) => void setTimeout(run, ms),
    random: Math.random,
    isReached,
  })
  channel.addEventListener('message', () => void sync.reload())
  document.addEventListener('visibilitychange', () => void (document.hidden || sync.sync()))
  setInterval(() => void (document.hidden || sync.sync()), readEveryMs)
  useConnection.subscribe(({ status }, before) => {
    if (status.state === 'open' && before.status.state !== 'open') void sync.sync()
  })
  await sync.reload().catch(() => undefined)
  void sync.sync()
  return sync
}

async function ask(method: 'GET' | 'PUT' | 'DELETE', path: string, body?: object): Promise<Answer | undefined> {
  try {
    const content = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
    const response = await fetchWithKey(path, { method, ...content })
    return { status: response.status, body: await response.json() }
  } catch {
    return undefined
  }
}

const change: KeptSync['change'] = (content) => {
  useKept.setState({ refused: undefined })
  started ??= start()
  void started.then((sync) => sync.change(content))
}

/** Not `randomUUID`: that needs a secure context. */
const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')

export const saveView = ({ name, screen, search }: Pick<SavedView, 'name' | 'screen' | 'search'>): void =>
  change({ kind: 'view', id: newId(), body: { name, screen, search } })

export const removeView = (id: string): void => change({ kind: 'view', id, body: null })

export const acknowledge = (subject: string, note = ''): void => change({ kind: 'acknowledgement', id: subject, body: { note } })

export const unacknowledge = (subject: string): void => change({ kind: 'acknowledgement', id: subject, body: null })
