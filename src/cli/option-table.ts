/** A command-line option, as `--help` and the docs show it. */
export interface OptionRow {
  readonly name: string
  readonly short?: string | undefined
  /** Name of the value in `--help`; `undefined` if the option doesn't take a value. */
  readonly value?: string | undefined
  /** Whether the option can be given several times. */
  readonly isRepeatable?: boolean | undefined
  readonly help: string
}

/** Options under one heading of `--help`. */
export interface OptionGroup {
  readonly title: string
  readonly rows: readonly OptionRow[]
}

const CONNECTING: readonly OptionRow[] = [
  {
    name: 'header',
    short: 'H',
    value: 'line',
    isRepeatable: true,
    help: '"Name: value", or @file with one on each line',
  },
  {
    name: 'header-env',
    value: 'name=VAR',
    isRepeatable: true,
    help: 'header whose value is an environment variable',
  },
  { name: 'token-command', value: 'command', help: 'shell command that prints a bearer token' },
  { name: 'user', value: 'name:password', help: 'credentials for Basic authentication' },
  {
    name: 'subprotocol',
    short: 's',
    value: 'name',
    isRepeatable: true,
    help: 'subprotocol to offer, in order of preference',
  },
  { name: 'origin', short: 'o', value: 'url', help: 'Origin header' },
  { name: 'location', help: 'follow redirects' },
  { name: 'proxy', value: 'url', help: 'http, https, or socks5 URL, or "environment"' },
  { name: 'ca', value: 'file', isRepeatable: true, help: 'certificate authority to trust (PEM)' },
  { name: 'cert', value: 'file', help: 'client certificate (PEM)' },
  { name: 'key', value: 'file', help: 'key of the client certificate (PEM)' },
  { name: 'passphrase', value: 'text', help: 'passphrase of the key, or @file' },
  { name: 'insecure', short: 'k', help: "don't verify the server's certificate" },
  { name: 'compress', help: 'offer compression' },
  { name: 'max-payload', value: 'bytes', help: 'limit of received messages (default: 32 MiB)' },
  { name: 'connect-timeout', value: 'time', help: 'time limit of each attempt (default: 10s)' },
]

const STAYING: readonly OptionRow[] = [
  { name: 'reconnect', help: 'reconnect after failures and lost connections' },
  { name: 'heartbeat', value: 'time', help: 'time between pings, or "off" (default: 20s)' },
  { name: 'heartbeat-message', value: 'text', help: 'message to send instead of pings' },
]

const SENDING: readonly OptionRow[] = [
  {
    name: 'execute',
    short: 'x',
    value: 'message',
    isRepeatable: true,
    help: 'message to send after every connect',
  },
  {
    name: 'file',
    value: 'path',
    isRepeatable: true,
    help: 'file to send as one message after every connect',
  },
  { name: 'binary', short: 'b', help: 'send binary frames' },
  { name: 'hex', help: 'read and print binary messages as hex' },
  { name: 'base64', help: 'read and print binary messages as base64' },
]

const ENDING: readonly OptionRow[] = [
  {
    name: 'wait',
    short: 'w',
    value: 'time',
    help: 'time to stay after the input ends (default: 1s)',
  },
  { name: 'count', short: 'n', value: 'number', help: 'end after this number of messages' },
]

const PRINTING: readonly OptionRow[] = [
  { name: 'raw', help: 'print messages unchanged' },
  { name: 'null', short: '0', help: 'print messages unchanged, each followed by NUL' },
  { name: 'pretty', help: 'print JSON on several lines, as on a terminal' },
  { name: 'timestamps', short: 't', help: 'print the time of arrival before each message' },
  { name: 'color', help: 'use colors even if the output is not a terminal' },
  { name: 'no-color', help: 'use no colors' },
  { name: 'quiet', short: 'q', help: 'report only errors' },
  { name: 'verbose', short: 'v', help: 'report headers, pings, pongs, and attempts' },
]

const REST: readonly OptionRow[] = [
  { name: 'record', value: 'file', help: 'write the traffic to a file (JSON lines)' },
  { name: 'replay', value: 'file', help: 'play a recording back instead of connecting' },
  { name: 'no-history', help: "don't keep a history of typed messages" },
  { name: 'help', short: 'h', help: 'show this text' },
  { name: 'version', help: 'show the version' },
]

/** All options, in the order of `--help`. */
export const OPTION_GROUPS: readonly OptionGroup[] = [
  { title: 'Connecting', rows: CONNECTING },
  { title: 'Staying connected', rows: STAYING },
  { title: 'Sending', rows: SENDING },
  { title: 'Ending', rows: ENDING },
  { title: 'Printing', rows: PRINTING },
  { title: 'Other options', rows: REST },
]

export const OPTION_ROWS: readonly OptionRow[] = OPTION_GROUPS.flatMap(({ rows }) => rows)
