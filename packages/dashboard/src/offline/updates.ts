/** The page works without network, and says when a new version of it is ready. It never loads again by itself. */
import { create } from 'zustand'

export const useUpdate = create<{ readonly ready: boolean }>(() => ({ ready: false }))
const ready = () => useUpdate.setState({ ready: true })

/** A page left open on a wall must learn of it too. */
const lookEveryMs = 15 * 60_000

export async function startUpdates(): Promise<void> {
  // A screen's file that is gone was of a build before the server's.
  addEventListener('vite:preloadError', ready)
  // Only in secure contexts: https, or this machine.
  const { serviceWorker } = navigator
  if (!import.meta.env.PROD || serviceWorker === undefined) return
  let before = serviceWorker.controller
  serviceWorker.addEventListener('controllerchange', () => {
    // Another tab took the new version. The first worker of all is no news.
    if (before !== null) ready()
    before = serviceWorker.controller
  })
  try {
    const registration = await serviceWorker.register('/sw.js', { updateViaCache: 'none' })
    const watch = (worker: ServiceWorker | null) => {
      const look = () => void (worker?.state === 'installed' && serviceWorker.controller !== null && ready())
      worker?.addEventListener('statechange', look)
      look()
    }
    watch(registration.waiting)
    registration.addEventListener('updatefound', () => watch(registration.installing))
    setInterval(() => void registration.update().catch(() => undefined), lookEveryMs)
  } catch {
    // The server is away, or the browser keeps nothing: the page works as long as it is open.
  }
}

export async function loadNewVersion(): Promise<void> {
  const registration = await navigator.serviceWorker?.getRegistration()
  const waiting = registration?.waiting
  if (waiting === undefined || waiting === null) return location.reload()
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload())
  waiting.postMessage('activate')
}
