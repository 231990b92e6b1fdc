import { age, whole } from '../../text.ts'
import type { Hit } from './curve.ts'
import type { Relation } from './model.ts'
import type { Place } from './places.ts'
import type { Use } from './rates.ts'
import type { Size } from './viewport.ts'

const width = 264
const words: Record<Relation, string> = { delegation: 'gave', handoff: 'handed on to', message: 'told', part: 'has the part' }

interface TipProps {
  readonly hit: Hit
  readonly at: Place
  readonly box: Size
  readonly nameOf: (node: string) => string
  readonly uses: ReadonlyMap<string, Use>
  readonly now: () => number
}

/** What the pointer is over. The node's name, the table and the inspector say the same to who uses keys. */
export function Tip({ hit, at, box, nameOf, uses, now }: TipProps) {
  const use = 'edge' in hit ? uses.get(hit.edge.id) : undefined
  return (
    <div
      role="tooltip"
      className="pointer-events-none absolute z-20 rounded-md border border-line bg-raised px-3 py-2 text-xs shadow-lg"
      style={{ width, left: Math.max(4, Math.min(at.x + 14, box.width - width - 8)), top: at.y + 110 > box.height ? at.y - 84 : at.y + 16 }}
    >
      {'node' in hit ? (
        <>
          <p className="line-clamp-2 break-words font-medium">{hit.node.label}</p>
          <p className="line-clamp-2 break-words text-soft">{hit.node.detail}</p>
          <p className="text-faint">
            {hit.node.look.words} · {whole(hit.node.tasks.open)} open, {whole(hit.node.tasks.done)} done, {whole(hit.node.tasks.failed)}{' '}
            failed
          </p>
        </>
      ) : (
        <>
          <p className="line-clamp-2 break-words">
            <span className="font-medium">{nameOf(hit.edge.from)}</span> {words[hit.edge.kind]}{' '}
            <span className="font-medium">{nameOf(hit.edge.to)}</span>
          </p>
          <p className="text-soft">
            {hit.edge.count === 1 ? 'once' : `${whole(hit.edge.count)} times`}
            {hit.edge.open > 0 && <span className="text-wait"> · waits for {whole(hit.edge.open)}</span>}
            {use !== undefined && use.perMinute > 0 && ` · ${whole(use.perMinute)} in the last minute`}
          </p>
          {hit.edge.lastAt > 0 && <p className="text-faint">newest {age(now() - hit.edge.lastAt)} ago</p>}
        </>
      )}
    </div>
  )
}
