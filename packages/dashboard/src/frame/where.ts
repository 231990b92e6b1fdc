/** The screens one can go to, once: the navigation, the keys `g x` and the palette read the same table. */
export const screens = [
  { to: '/', key: 'f', name: 'Fleet', about: 'the fleet' },
  { to: '/runs', key: 'r', name: 'Runs', about: 'the runs' },
  { to: '/tail', key: 't', name: 'Tail', about: 'the live tail' },
  { to: '/explore', key: 'e', name: 'Explore', about: 'rates, durations and cost' },
  { to: '/pipeline', key: 'p', name: 'Pipeline', about: 'Signalbox’s own health' },
  { to: '/settings', key: 's', name: 'Settings', about: 'the settings' },
] as const

/** The ways to look at one run. */
export const runScreens = [
  { to: '/runs/$run', key: '1', name: 'Lanes', about: 'the run’s swimlanes' },
  { to: '/runs/$run/tree', key: '2', name: 'Tree', about: 'the run’s tree and timeline' },
  { to: '/runs/$run/graph', key: '3', name: 'Graph', about: 'who gave what to whom' },
] as const
