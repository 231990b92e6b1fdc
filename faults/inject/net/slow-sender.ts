/** Senders of a byte a second, some of whom never end their headers and some their body: each is ended in time, and nothing of it is kept. */
import { connect } from 'node:net'
import type { Fault, ServerProcess } from '../../world/world.ts'
import { lasting, until } from './wait.ts'

const senders = 60
const aByteEveryMs = 1_000
const bodyTimeoutMs = 1_000
/** The server looks every second. */
const endedWithinMs = bodyTimeoutMs + 5_000
const patienceMs = 15_000

/** A whole event, and then another that never ends: nobody invoked them, so a check of the log finds whatever is kept of them. */
const event = JSON.stringify({ source: 'slow-sender', type: 'custom.never', time: new Date(0).toISOString(), data: {} })

function openSlow({ url }: ServerProcess, part: 'headers' | 'body') {
  const { hostname, port, host } = new URL(url)
  const head = `POST /v1/events HTTP/1.1\r\nhost: ${host}\r\n`
  const atOnce = part === 'headers' ? head : `${head}content-type: application/x-ndjson\r\ncontent-length: 100000\r\n\r\n${event}\n`
  const socket = connect({ host: hostname, port: Number(port) })
  let answer = ''
  let bytes = 0
  socket.on('data', (chunk) => {
    answer += String(chunk)
  })
  socket.on('error', () => undefined)
  socket.write(atOnce)
  const dripping = setInterval(() => {
    bytes += 1
    socket.write(part === 'headers' ? 'x' : ' ')
  }, aByteEveryMs)
  socket.once('close', () => clearInterval(dripping))
  return { socket, bytes: () => bytes, status: () => answer.slice(9, 12) }
}

export const slowSender: Fault = {
  name: 'clients: senders of a byte a second',
  setting: { env: { SIGNALBOX_BODY_TIMEOUT_MS: String(bodyTimeoutMs) } },
  async strike(world) {
    const slow = Array.from({ length: senders }, (_, n) => openSlow(world.server, n % 2 === 0 ? 'headers' : 'body'))
    try {
      await lasting(aByteEveryMs / 2)
      await world.acknowledged(1, patienceMs)
      const ms = await until('slow senders were ended', endedWithinMs, () => slow.every(({ socket }) => socket.closed))
      const refused = slow.filter(({ status }) => status() === '408').length
      if (refused < senders) throw new Error(`Of ${senders} slow senders only ${refused} were told 408.`)
      return `${senders} senders dripped ${slow.reduce((sum, { bytes }) => sum + bytes(), 0)} bytes, and all got 408 after ${Math.round(ms)} ms`
    } finally {
      for (const { socket } of slow) socket.destroy()
    }
  },
}
