/** Looks through the names beside the page, so that typing never waits for it. */
import { type FromIndex, type ToIndex, unpacked } from './messages.ts'
import { createIndex } from './rank.ts'

const index = createIndex()

addEventListener('message', ({ data }: MessageEvent<ToIndex>) => {
  if (data.kind === 'put') index.put(data.of, unpacked(data.names, data.count), unpacked(data.details, data.count))
  else postMessage({ number: data.number, answer: index.find(data.question) } satisfies FromIndex)
})
