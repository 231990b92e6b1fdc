/** What the command line asks for: `--name=value`. */
export const said = (name: string): string | undefined => process.argv.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3)
export const option = (name: string, otherwise: number): number => Number(said(name) ?? otherwise)
export const isAsked = (name: string): boolean => process.argv.includes(`--${name}`)
