import { create } from 'zustand'

export type Theme = 'system' | 'light' | 'dark'
const stored = localStorage.getItem('signalbox.theme')
const dark = matchMedia('(prefers-color-scheme: dark)')

export const useTheme = create<{ readonly theme: Theme }>(() => ({ theme: stored === 'light' || stored === 'dark' ? stored : 'system' }))

const apply = () => {
  const { theme } = useTheme.getState()
  document.documentElement.dataset.theme = theme === 'system' ? (dark.matches ? 'dark' : 'light') : theme
}

export function startTheme(): void {
  apply()
  dark.addEventListener('change', apply)
}

export function setTheme(theme: Theme): void {
  localStorage.setItem('signalbox.theme', theme)
  useTheme.setState({ theme })
  apply()
}
