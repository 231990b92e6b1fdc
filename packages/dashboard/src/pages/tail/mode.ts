/** How the lines are written, by comma in the address: `wrap`, `ago`. */
export type Mode = 'wrap' | 'ago'

export const hasMode = (modes: string, mode: Mode): boolean => modes.split(',').includes(mode)

export function withMode(modes: string, mode: Mode, on: boolean): string {
  const others = modes.split(',').filter((other) => other !== '' && other !== mode)
  return [...others, ...(on ? [mode] : [])].join(',')
}
