/** What a dot tells: status by sign and colour, and by its strength how lately the agent was heard. */
import type { AgentRow } from '@signalbox/model/rows.ts'
import { agentLook } from '../../parts/status.tsx'
import { themeColor } from '../../parts/theme-color.ts'
import { isSilent, statuses, statusOf } from './agent.ts'

/** Heard within so many ms, from the strongest on; nothing within the last, or silent: the faintest. */
const heardWithin = [2_000, 15_000, 120_000] as const
const strengths = [1, 0.85, 0.7, 0.5] as const

/** A small number for each look there is; 0 is an empty place. */
export function lookOf(agent: AgentRow | undefined, isKnown: boolean, now: number): number {
  if (agent === undefined) return 0
  const heard = heardWithin.findIndex((ms) => now - agent.lastReceivedAt < ms)
  const strength = heard < 0 || isSilent(agent, now) ? heardWithin.length : heard
  return 1 + (statuses.indexOf(statusOf(agent)) * strengths.length + strength) * 2 + Number(isKnown)
}

const pictures = new Map<string, Map<number, Uint32Array>>()

/** The pictures of looks as pixels, `side` by `side` device pixels, in the theme as it is now: each is drawn once, then copied. */
export function picturesOf(side: number): (look: number) => Uint32Array {
  const key = `${document.documentElement.dataset.theme} ${side}`
  const held = pictures.get(key) ?? new Map<number, Uint32Array>()
  // Sizes change with the window; what is no longer used is not kept.
  if (pictures.size > 20) pictures.clear()
  pictures.set(key, held)
  return (look) => {
    const drawn = held.get(look) ?? pixelsOf(look, side)
    held.set(look, drawn)
    return drawn
  }
}

function pixelsOf(look: number, side: number): Uint32Array {
  const canvas = document.createElement('canvas')
  canvas.width = side
  canvas.height = side
  const context = canvas.getContext('2d', { willReadFrequently: true })
  if (context === null) return new Uint32Array(side * side)
  if (look > 0) draw(context, look - 1, side)
  return new Uint32Array(context.getImageData(0, 0, side, side).data.buffer)
}

function draw(context: CanvasRenderingContext2D, look: number, side: number) {
  const isKnown = look % 2 === 1
  const strength = strengths[(look >> 1) % strengths.length] ?? 1
  const status = statuses[Math.floor((look >> 1) / strengths.length)] ?? 'seen'
  const { tone } = agentLook(status === 'seen' ? undefined : status)
  const color = themeColor(tone)
  const gap = Math.max(1, Math.round(side * 0.12))
  const inner = side - gap
  const alarms = !isKnown && (status === 'stuck' || status === 'lost')
  // An alarm does not fade.
  context.globalAlpha = alarms ? 1 : strength
  context.fillStyle = color
  context.strokeStyle = color
  context.lineWidth = Math.max(1, side / 8)
  if (alarms) {
    context.fillRect(0, 0, inner, inner)
    context.fillStyle = themeColor('page')
    context.strokeStyle = themeColor('page')
  }
  shapes[status](context, inner / 2, inner * (alarms ? 0.28 : 0.42))
}

type Shape = (context: CanvasRenderingContext2D, center: number, radius: number) => void
/** The signs of `agentLook`, as they can be told apart when eight pixels wide. */
const shapes: Record<(typeof statuses)[number], Shape> = {
  busy: (context, c, r) => {
    context.beginPath()
    context.moveTo(c - r * 0.8, c - r)
    context.lineTo(c + r, c)
    context.lineTo(c - r * 0.8, c + r)
    context.fill()
  },
  idle: (context, c, r) => {
    context.beginPath()
    context.arc(c, c, r * 0.72, 0, 2 * Math.PI)
    context.fill()
  },
  waiting: (context, c, r) => {
    context.beginPath()
    context.arc(c, c, r * 0.85, 0, 2 * Math.PI)
    context.stroke()
    context.beginPath()
    context.arc(c, c, r * 0.85, Math.PI / 2, 1.5 * Math.PI)
    context.fill()
  },
  stuck: (context, c, r) => {
    context.fillRect(c - r * 0.25, c - r, r * 0.5, r * 1.25)
    context.fillRect(c - r * 0.25, c + r * 0.55, r * 0.5, r * 0.45)
  },
  lost: (context, c, r) => {
    context.beginPath()
    context.moveTo(c - r, c - r)
    context.lineTo(c + r, c + r)
    context.moveTo(c + r, c - r)
    context.lineTo(c - r, c + r)
    context.stroke()
  },
  stopped: (context, c, r) => context.strokeRect(c - r * 0.6, c - r * 0.6, r * 1.2, r * 1.2),
  seen: (context, c, r) => {
    context.beginPath()
    context.arc(c, c, r * 0.6, 0, 2 * Math.PI)
    context.stroke()
  },
}
