export const runOf = (session: string) => `claude-code/${session}`
export const agentOf = (session: string, agent = 'main') => `claude-code/${session.slice(0, 8)}/${agent}`
