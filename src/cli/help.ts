import { OPTION_GROUPS } from './option-table.js'
import type { OptionRow } from './option-table.js'

const INTRODUCTION = `Usage: holdfast [options] <url>

Connects to a WebSocket server. Sends each line of the input, and prints each
message on standard output. Everything else goes to standard error.`

const NOTES = `Times have a unit, as in 500ms, 2s, or 5m. Without a unit, they are in seconds.
Options marked with * can be repeated. Arguments after -- are not options.
HOLDFAST_HEADER_X_API_KEY=… in the environment sends the header X-Api-Key.

Exit codes: 0 ended normally, 1 failed to connect, 2 wrong usage, 3 connection
lost or closed with an error code, 4 --count not reached, 130 and 143 signals.

Examples:
  echo '{"op":"ping"}' | holdfast --count 1 wss://example.com
  holdfast --reconnect -x '{"op":"subscribe"}' wss://example.com > feed.jsonl
`

/** Column at which the descriptions start. */
const INDENT = 33

/** Returns the text of `--help`, at most 80 columns wide. */
export function helpText(): string {
  const groups = OPTION_GROUPS.map(({ title, rows }) => [`${title}:`, ...rows.map(lineOf)].join('\n'))
  return [INTRODUCTION, ...groups, NOTES].join('\n\n')
}

function lineOf({ name, short, value, isRepeatable, help }: OptionRow): string {
  const letter = short === undefined ? '    ' : `-${short}, `
  const names = `  ${letter}--${name}${value === undefined ? '' : ` <${value}>`}${isRepeatable ? ' *' : ''}`
  return `${names.padEnd(INDENT)}${help}`
}
