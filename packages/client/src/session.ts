/** The states of a live feed's connection, as data: every step from every state. */
export type FeedState = 'connecting' | 'open' | 'waiting' | 'closed'
export type FeedStep = 'opened' | 'lost' | 'retry' | 'refused' | 'close'

export const transitions: { readonly [S in FeedState]: { readonly [T in FeedStep]?: FeedState } } = {
  connecting: { opened: 'open', lost: 'waiting', refused: 'closed', close: 'closed' },
  open: { lost: 'waiting', refused: 'closed', close: 'closed' },
  waiting: { retry: 'connecting', refused: 'closed', close: 'closed' },
  closed: { opened: 'closed', lost: 'closed', retry: 'closed', refused: 'closed', close: 'closed' },
}

/** Undefined when the step cannot happen in the state: a signal of a connection that was given up. */
export const after = (state: FeedState, by: FeedStep): FeedState | undefined => transitions[state][by]
