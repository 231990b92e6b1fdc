/** How Claude Code's sessions and agents are called, whoever tells of them: hooks, OTLP, transcripts. So they fold into one. */

export const runOf = (session: string) => `claude-code/${session}`

export const agentOf = (session: string, agent = 'main') => `claude-code/${session.slice(0, 8)}/${agent}`
