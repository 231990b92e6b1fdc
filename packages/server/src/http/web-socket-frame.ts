const textOpcode = 0x81
const binaryOpcode = 0x82

/**
 * An unmasked, unfragmented, uncompressed WebSocket frame (RFC 6455 section 5.2), to be written to a socket as it is. `allocate`: the usual
 * one is for frames that are held; what is written and forgotten is had cheaper out of Node's pool.
 */
export function webSocketFrame(content: string | Uint8Array, allocate: (bytes: number) => Buffer = Buffer.allocUnsafeSlow): Buffer {
  const length = Buffer.byteLength(content)
  const header = length < 126 ? 2 : length < 0x1_0000 ? 4 : 10
  const frame = allocate(header + length)
  frame[0] = typeof content === 'string' ? textOpcode : binaryOpcode
  if (header === 2) frame[1] = length
  else if (header === 4) {
    frame[1] = 126
    frame.writeUInt16BE(length, 2)
  } else {
    frame[1] = 127
    frame.writeBigUInt64BE(BigInt(length), 2)
  }
  if (typeof content === 'string') frame.write(content, header)
  else frame.set(content, header)
  return frame
}
