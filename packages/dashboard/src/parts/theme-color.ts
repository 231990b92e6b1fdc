/** Colours of the theme for what is drawn on a canvas; asked of the page once for each theme. */
const known = new Map<string, string>()

/** `name` as in `styles.css`: `busy`, `line`. */
export function themeColor(name: string): string {
  const key = `${document.documentElement.dataset.theme} ${name}`
  const held = known.get(key)
  if (held !== undefined) return held
  const color = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()
  known.set(key, color)
  return color
}
