/** Lays a graph out beside the page. */
import { layOut } from './layout.ts'
import type { Shape } from './places.ts'

addEventListener('message', ({ data }: MessageEvent<Shape>) => postMessage([...layOut(data)]))
