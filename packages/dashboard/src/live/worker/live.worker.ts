/** The worker of one tab: its connections, or its share in those of another tab, are out of the way of what the page draws. */
import { systemClock } from '@signalbox/client/clock.ts'
import { openFeed } from '@signalbox/client/feed.ts'
import type { FromPage, Peer, ToPage } from './messages.ts'
import { createTab, type Tab } from './tab.ts'

const give = (message: ToPage) => postMessage(message)

/**
 * Tabs of one key find each other by its hash; the key is not to be had from it. So do tabs of one build only, since the address of this file
 * carries a hash of its content: what they say to each other may change.
 */
async function nameFor(key: string | undefined): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(`${location.pathname} ${key ?? ''}`)))
  return `signalbox.live.${[...hash.subarray(0, 12)].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`
}

function openChannel(name: string, hear: (message: Peer) => void) {
  const channel = new BroadcastChannel(name)
  channel.onmessage = ({ data }) => hear(data as Peer)
  return { post: (message: Peer) => channel.postMessage(message), close: () => channel.close() }
}

async function start({ url, key, visible }: FromPage & { readonly kind: 'start' }): Promise<Tab> {
  // Without a secure context, as plain HTTP from another machine, there are no locks.
  const canShare = 'locks' in navigator && typeof BroadcastChannel === 'function' && crypto.subtle !== undefined
  const name = canShare ? await nameFor(key) : ''
  return createTab({
    id: Array.from(crypto.getRandomValues(new Uint32Array(2)), (part) => part.toString(36)).join(''),
    shared: canShare ? { name, locks: navigator.locks, openChannel: (hear) => openChannel(name, hear) } : undefined,
    give,
    open: (options) => openFeed({ url, key, ...options }),
    clock: systemClock,
    visible,
  })
}

let tab: Promise<Tab> | undefined
addEventListener('message', ({ data }: MessageEvent<FromPage>) => {
  if (data.kind === 'start') tab ??= start(data)
  else void tab?.then((started) => started.take(data))
})
give({ kind: 'up' })
