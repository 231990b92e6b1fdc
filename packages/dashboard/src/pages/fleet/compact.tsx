import { memo } from 'react'
import { useNow } from '../../live/live.ts'
import { Spark } from '../../parts/spark.tsx'
import { agentLook, inkOf } from '../../parts/status.tsx'
import { shownRates } from '../../rates/live.ts'
import { visible } from '../../text.ts'
import { doing } from './agent.ts'
import { sizes } from './density.ts'
import { type AgentProps, Errors, edge, Pick } from './tile.tsx'
import { useAgent } from './use-agent.ts'

/** Name, sign, what it does and how busy it is; the rest is in the inspector. */
export const CompactTile = memo(function CompactTile({ id, selected, select }: AgentProps) {
  const { agent, title } = useAgent(id)
  const now = useNow()
  if (agent === undefined) return null
  const look = agentLook(agent.status?.value)
  const { text } = doing(agent, title, now)
  return (
    <li
      style={{ height: sizes.compact.height }}
      className={`relative flex flex-col justify-center rounded-lg border px-2 leading-tight hover:border-accent/60 ${edge(agent, selected, now)}`}
    >
      <span className="flex items-center gap-1.5">
        <span aria-hidden="true" className={`w-3 shrink-0 text-center text-[10px] ${inkOf(look.tone)}`}>
          {look.sign}
        </span>
        <Pick agent={agent} words={look.words} selected={selected} select={select} />
        <span className="ml-auto text-xs tabular-nums">
          <Errors agent={agent} lately={shownRates()?.of(id)?.errors} />
        </span>
      </span>
      <span className="flex items-end gap-1.5 pl-[18px]">
        <span className="min-w-0 flex-1 truncate text-[11px] text-faint" title={visible(text)}>
          {visible(text) || look.words}
        </span>
        <Spark id={id} width={60} height={14} className="shrink-0" />
      </span>
    </li>
  )
})
