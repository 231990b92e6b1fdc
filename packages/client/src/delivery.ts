/** The states of an agent's delivery over memory, disk and server, as data: every step from every state. */
export type DeliveryState = 'idle' | 'replaying' | 'sending' | 'spilling' | 'waiting' | 'ended'
export type DeliveryStep = 'wake' | 'emptied' | 'sent' | 'drained' | 'failed' | 'spill' | 'spilled' | 'end'

export const deliveryTransitions: { readonly [S in DeliveryState]: { readonly [T in DeliveryStep]?: DeliveryState } } = {
  /** Everything is acknowledged, or waits for company. */
  idle: { wake: 'replaying', end: 'ended' },
  /** Disk to server, oldest first. */
  replaying: { emptied: 'sending', failed: 'spilling', end: 'ended' },
  /** Memory to server. */
  sending: { sent: 'sending', drained: 'idle', failed: 'spilling', end: 'ended' },
  /** Memory to disk, where there is one. */
  spilling: { spilled: 'waiting', end: 'ended' },
  /** The server is away; between two attempts memory may be moved to disk. */
  waiting: { wake: 'replaying', spill: 'spilling', end: 'ended' },
  ended: {
    wake: 'ended',
    emptied: 'ended',
    sent: 'ended',
    drained: 'ended',
    failed: 'ended',
    spill: 'ended',
    spilled: 'ended',
    end: 'ended',
  },
}

/** Undefined when the step cannot happen in the state. */
export const deliveryAfter = (state: DeliveryState, by: DeliveryStep): DeliveryState | undefined => deliveryTransitions[state][by]
