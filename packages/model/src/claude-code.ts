/**
 * How a session of Claude Code is named, whichever way it is told: by hooks, by OTLP or by its transcripts. So all of them fold into the
 * same run, agents and calls. Tool calls are named by their `tool_use_id`, model calls by their request id (`req_…`).
 */

/** The run of a session. */
export const runOf = (session: string): string => `claude-code/${session}`

/** `main`, a subagent's id, or the name of a teammate; `user` is the person at the keyboard. */
export const agentOf = (session: string, agent = 'main'): string => `claude-code/${session.slice(0, 8)}/${agent}`

/** The tool that gives work to a subagent, by its names of then and now. */
export const isDelegation = (tool: unknown): boolean => tool === 'Agent' || tool === 'Task'
