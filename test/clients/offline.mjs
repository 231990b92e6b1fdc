/** Loaded before each fleet: whatever would leave this machine ends it, and says where it wanted to go. */
import { Socket } from 'node:net'

const isLocal = (host) => host === undefined || host === 'localhost' || host === '::1' || /^127\./.test(host)

const { connect } = Socket.prototype
Socket.prototype.connect = function (...args) {
  const [first] = Array.isArray(args[0]) ? args[0] : args
  const { host, path } = typeof first === 'object' && first !== null ? first : { host: typeof args[1] === 'string' ? args[1] : undefined }
  if (path === undefined && !isLocal(host)) {
    console.error(`It wanted to reach ${host}.`)
    process.exit(70)
  }
  return connect.apply(this, args)
}
