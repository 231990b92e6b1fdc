/** docs/cli.md: what --help says of every command, on one page. */

const cell = (text) => String(text).replaceAll('|', '\\|')
const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`

/** `keys create`, without the program's own name. */
const nameOf = (command) => (command.parent?.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name())

function usageOf(command) {
  const needed = command.options.filter((option) => option.mandatory)
  return [
    'signalbox',
    nameOf(command),
    ...command.registeredArguments.map((argument) => `<${argument.name()}>`),
    ...needed.map((option) => option.flags),
    ...(command.options.length > needed.length ? ['[options]'] : []),
  ].join(' ')
}

/** Of an argument or an option. */
function meaningOf({ description, argChoices, defaultValue, defaultValueDescription }) {
  const choices = argChoices === undefined ? '' : `: ${argChoices.map((choice) => `\`${choice}\``).join(', ')}`
  const usual = defaultValue === undefined ? '' : ` (default: ${defaultValueDescription ?? defaultValue})`
  return cell(`${description}${choices}${usual}`)
}

function section(command, level) {
  const title = [`${level} ${nameOf(command)}`, '', sentence(command.description()), '']
  if (command.commands.length > 0) return [...title, ...command.commands.flatMap((one) => section(one, `${level}#`))]
  const rows = [
    ...command.registeredArguments.map((argument) => `| \`<${argument.name()}>\` | ${meaningOf(argument)} |`),
    ...command.options.map((option) => `| \`${option.flags}\` | ${meaningOf(option)} |`),
  ]
  return [
    ...title,
    '```',
    usageOf(command),
    '```',
    '',
    ...(rows.length === 0 ? [] : ['| option | meaning |', '| --- | --- |', ...rows, '']),
  ]
}

export const cliPage = (program, exitCodes) => [
  '# Command line',
  '',
  'As `npm run -s signalbox -- <command>` in this repository; `npm start` is `signalbox up`. `--help` behind a command says the same. Generated from `packages/cli/src`.',
  '',
  '`up`, `keys`, `epoch` and `doctor` read the server’s own settings from the environment ([configuration](configuration.md)): run them where the server runs, with its `SIGNALBOX_DATA` or `DATABASE_URL`. Where the embedded database is not running, `keys`, `epoch` and `doctor` start it for as long as they need it. The other commands need the server’s address alone, and a key where it asks for one.',
  '',
  `Exit codes: ${exitCodes} Results are on stdout, all else on stderr.`,
  '',
  ...program.commands.flatMap((command) => section(command, '##')),
]
