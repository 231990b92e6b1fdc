/** The nodes for keys and screen readers: a button over each that is in sight; the picture below shows them. One of them is reached by Tab, arrows go on. */
import { type FocusEvent, type KeyboardEvent, memo, useLayoutEffect, useRef } from 'react'
import { type Direction, neighbour } from './curve.ts'
import type { GraphNode } from './model.ts'
import { nodeSize, type Place, type Places } from './places.ts'

const directions: Readonly<Record<string, Direction>> = { ArrowLeft: 'left', ArrowRight: 'right', ArrowUp: 'up', ArrowDown: 'down' }

interface NodeButtonProps {
  readonly node: GraphNode
  readonly place: Place
  readonly about: string
  readonly pressed: boolean
  readonly current: boolean
}

const NodeButton = memo(function NodeButton({ node, place, about, pressed, current }: NodeButtonProps) {
  const isGroup = node.id.startsWith('group:')
  return (
    <li
      className="absolute left-0 top-0"
      style={{ transform: `translate(${place.x - nodeSize.width / 2}px, ${place.y - nodeSize.height / 2}px)` }}
    >
      <button
        type="button"
        data-node={node.id}
        tabIndex={current ? 0 : -1}
        aria-label={about}
        {...(isGroup ? { 'aria-expanded': false } : { 'aria-pressed': pressed })}
        className="block rounded-lg"
        style={{ width: nodeSize.width, height: nodeSize.height }}
      />
    </li>
  )
})

interface ButtonsProps {
  readonly nodes: readonly GraphNode[]
  readonly places: Places
  readonly about: (node: GraphNode) => string
  readonly selected: ReadonlySet<string>
  /** The one that Tab reaches. */
  readonly current: string
  /** Nodes at the other end of an edge. */
  readonly tiedTo: (node: string) => ReadonlySet<string>
  /** The keys have gone to a node. */
  readonly reach: (node: string) => void
  readonly press: (node: string) => void
}

export function Buttons({ nodes, places, about, selected, current, tiedTo, reach, press }: ButtonsProps) {
  const list = useRef<HTMLUListElement>(null)
  const wanted = useRef<string>(undefined)
  useLayoutEffect(() => {
    if (wanted.current === undefined) return
    const button = list.current?.querySelector<HTMLElement>(`[data-node="${CSS.escape(wanted.current)}"]`)
    if (button === null || button === undefined) return
    wanted.current = undefined
    button.focus({ preventScroll: true })
  })
  const nodeOf = (target: EventTarget) => (target instanceof HTMLElement ? target.dataset.node : undefined)
  const step = (event: KeyboardEvent) => {
    const direction = directions[event.key]
    const node = nodeOf(event.target)
    if (direction === undefined || node === undefined || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    event.stopPropagation()
    const next = neighbour(node, direction, places, tiedTo(node))
    if (next === undefined) return
    wanted.current = next
    reach(next)
  }
  return (
    <ul
      ref={list}
      aria-label="Nodes of the graph. Arrow keys go along its edges."
      onKeyDown={step}
      onFocus={(event: FocusEvent) => {
        const node = nodeOf(event.target)
        if (node !== undefined && node !== current) reach(node)
      }}
      // A pointer's press is told by the picture, which knows a click from a drag.
      onClick={(event) => {
        const node = nodeOf(event.target)
        if (event.detail === 0 && node !== undefined) press(node)
      }}
    >
      {nodes.map((node) => {
        const place = places.get(node.id)
        return (
          place && (
            <NodeButton
              key={node.id}
              node={node}
              place={place}
              about={about(node)}
              pressed={selected.has(node.id)}
              current={node.id === current}
            />
          )
        )
      })}
    </ul>
  )
}
