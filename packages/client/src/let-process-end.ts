/**
 * An open WebSocket keeps a Node process alive, and Node's has no `unref`. An agent that was not stopped must not hang its process,
 * so the socket below is found where Node announces it. Elsewhere this does nothing.
 */
const done = new Set<string>()

interface Sent {
  readonly request?: { readonly path?: string }
  readonly socket?: { unref?(): void }
}

/** Connections that ask for `path` do not keep the process alive from now on. */
export function letProcessEnd(path: string): void {
  if (done.has(path) || typeof process !== 'object' || typeof process.getBuiltinModule !== 'function') return
  done.add(path)
  process.getBuiltinModule('diagnostics_channel').subscribe('undici:client:sendHeaders', (message) => {
    const { request, socket } = message as Sent
    if (request?.path === path) socket?.unref?.()
  })
}
