/** What a user may choose, what this browser keeps, and what there is to know about page and server. */
import { setDensity, useDensity } from '../../density.ts'
import { bindings, setSingleKeys, useKeys } from '../../keys.ts'
import { setMotion, useMotion } from '../../motion.ts'
import { setTheme, useTheme } from '../../theme.ts'
import { About, Transport } from './about.tsx'
import { Acknowledged, Views, Waiting } from './kept.tsx'
import { button, Card, Check, Choice, Section, Setting } from './parts.tsx'
import { Storage } from './storage.tsx'

const themes = { system: 'as the system', dark: 'dark', light: 'light' } as const
const densities = { usual: 'usual', compact: 'compact' } as const
const motions = { system: 'as the system', reduced: 'reduced', full: 'full' } as const

export function Settings() {
  const { theme } = useTheme()
  const { motion } = useMotion()
  const { density } = useDensity()
  const { single } = useKeys()
  return (
    <section aria-label="Settings" className="flex-1 overflow-auto">
      <div className="mx-auto max-w-4xl px-8 py-8 max-md:px-4">
        <h2 className="text-xl font-semibold">Settings</h2>
        <Section title="Look" about="Kept in this browser.">
          <Card>
            <Setting name="Theme">
              <Choice value={theme} options={themes} pick={setTheme} />
            </Setting>
            <Setting name="Density" about="Compact: less room around everything, more rows. Narrow screens keep room for fingers.">
              <Choice value={density} options={densities} pick={setDensity} />
            </Setting>
            <Setting name="Motion" about="Reduced: nothing slides or fades.">
              <Choice value={motion} options={motions} pick={setMotion} />
            </Setting>
          </Card>
        </Section>
        <Section title="Keyboard">
          <Card>
            <Setting name="Single-letter shortcuts" about="Off: only those with Ctrl or ⌘ and with named keys.">
              <Check on={single} set={setSingleKeys} />
            </Setting>
            <div className="px-4 py-3">
              <button
                type="button"
                className={button}
                onClick={() =>
                  bindings()
                    .find(({ keys }) => keys === '?')
                    ?.run()
                }
              >
                Show every shortcut
              </button>
            </div>
          </Card>
        </Section>
        <Section title="Connection">
          <Transport />
        </Section>
        <Section title="Saved views" about="For all who look at this fleet.">
          <Waiting />
          <Views />
        </Section>
        <Section title="Acknowledged" about="Troubles that are known: shown calmer, never hidden. For all who look at this fleet.">
          <Acknowledged />
        </Section>
        <Section title="In this browser" about="So that the page opens without network, and goes on where it was.">
          <Storage />
        </Section>
        <Section title="About">
          <About />
        </Section>
      </div>
    </section>
  )
}
