import { setSingleKeys, useKeys } from '../../keys.ts'
import { setTheme, type Theme, useTheme } from '../../theme.ts'

export function Settings() {
  const { theme } = useTheme()
  const { single } = useKeys()
  return (
    <section aria-label="Settings" className="flex-1 overflow-auto p-8">
      <h2 className="mb-6 text-xl font-semibold">Settings</h2>
      <label className="flex max-w-md items-center justify-between border-b border-line py-3">
        Theme
        <select
          value={theme}
          onChange={({ target }) => setTheme(target.value as Theme)}
          className="rounded-md border border-line bg-panel px-2 py-1"
        >
          <option value="system">as the system</option>
          <option value="dark">dark</option>
          <option value="light">light</option>
        </select>
      </label>
      <label className="flex max-w-md items-center justify-between border-b border-line py-3">
        Single-letter shortcuts
        <input
          type="checkbox"
          checked={single}
          onChange={({ target }) => setSingleKeys(target.checked)}
          className="size-4 accent-[var(--accent)]"
        />
      </label>
    </section>
  )
}
