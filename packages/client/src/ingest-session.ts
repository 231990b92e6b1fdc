/** The states of the line to a server's `/v1/ingest`, as data: every step from every state. */
export type LineState = 'idle' | 'connecting' | 'open' | 'draining' | 'closed'
export type LineStep = 'connect' | 'welcome' | 'goaway' | 'lost' | 'close'

export const lineTransitions: { readonly [S in LineState]: { readonly [T in LineStep]?: LineState } } = {
  idle: { connect: 'connecting', close: 'closed' },
  connecting: { welcome: 'open', goaway: 'draining', lost: 'idle', close: 'closed' },
  open: { goaway: 'draining', lost: 'idle', close: 'closed' },
  /** What is in flight is still answered; nothing new is sent. */
  draining: { goaway: 'draining', lost: 'idle', close: 'closed' },
  closed: { lost: 'closed', close: 'closed' },
}

/** Undefined when the step cannot happen in the state: a signal of a connection that was given up. */
export const lineAfter = (state: LineState, by: LineStep): LineState | undefined => lineTransitions[state][by]
