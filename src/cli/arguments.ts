import { parseArgs } from 'node:util'
import { findUrlMistake, showUrl } from '../core/url.js'
import { GivenOptions } from './given-options.js'
import { OPTION_ROWS } from './option-table.js'

/** Encoding of the messages to send, and of binary messages in the output. */
export type Encoding = 'text' | 'binary' | 'hex' | 'base64'

/** A message for every connect: `-x` or `--file`. */
interface OpeningMessage {
  readonly kind: 'text' | 'file'
  readonly value: string
}

/** Everything that the command line sets, with times in milliseconds. */
export interface Arguments {
  /** `undefined` only with `--replay`. */
  readonly url: string | undefined
  readonly headers: readonly string[]
  readonly headerVariables: readonly string[]
  readonly tokenCommand: string | undefined
  readonly user: string | undefined
  readonly subprotocols: readonly string[]
  readonly origin: string | undefined
  readonly followsRedirects: boolean
  readonly proxy: string | undefined
  readonly ca: readonly string[]
  readonly cert: string | undefined
  readonly key: string | undefined
  readonly passphrase: string | undefined
  readonly isInsecure: boolean
  readonly compresses: boolean
  readonly maxPayload: number | undefined
  readonly connectTimeout: number | undefined
  readonly reconnects: boolean
  readonly heartbeat: number | false | undefined
  readonly heartbeatMessage: string | undefined
  readonly opening: readonly OpeningMessage[]
  readonly encoding: Encoding
  readonly wait: number | undefined
  readonly count: number | undefined
  readonly isRaw: boolean
  readonly isNulTerminated: boolean
  readonly isPretty: boolean
  readonly hasTimestamps: boolean
  readonly color: boolean | undefined
  readonly isQuiet: boolean
  readonly isVerbose: boolean
  readonly record: string | undefined
  readonly replay: string | undefined
  readonly keepsHistory: boolean
}

/** Meaning of a command line. */
export type CommandLine =
  | { readonly kind: 'help' | 'version' }
  | { readonly kind: 'run'; readonly given: Arguments }
  | { readonly kind: 'mistakes'; readonly mistakes: readonly string[] }

const PARSED_OPTIONS = Object.fromEntries(
  OPTION_ROWS.map(({ name, short, value }) => [
    name,
    {
      type: value === undefined ? ('boolean' as const) : ('string' as const),
      ...(short === undefined ? {} : { short }),
    },
  ]),
)

/** Reads a command line, without the program's name, and finds all mistakes in it. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const { tokens, positionals } = parseArgs({
    args: [...args],
    options: PARSED_OPTIONS,
    allowPositionals: true,
    strict: false,
    tokens: true,
  })
  const options = new GivenOptions(tokens.filter((token) => token.kind === 'option'))
  if (options.flag('help')) return { kind: 'help' }
  if (options.flag('version')) return { kind: 'version' }
  const given = readArguments(options, positionals)
  // The value of an unknown option looks like another URL.
  const isMisread = options.hasUnknown && positionals.length > 1
  const mistakes = [
    ...options.mistakes,
    ...(isMisread ? [] : urlMistakes(given, positionals)),
    ...mistakesIn(given),
  ]
  return mistakes.length > 0 ? { kind: 'mistakes', mistakes } : { kind: 'run', given }
}

function readArguments(options: GivenOptions, [url]: readonly string[]): Arguments {
  return { url, ...readRoad(options), ...readTraffic(options), ...readOutput(options) }
}

function readRoad(options: GivenOptions) {
  return {
    headers: options.all('header'),
    headerVariables: options.all('header-env'),
    tokenCommand: options.one('token-command'),
    user: options.one('user'),
    subprotocols: options.all('subprotocol'),
    origin: options.one('origin'),
    followsRedirects: options.flag('location'),
    proxy: options.one('proxy'),
    ca: options.all('ca'),
    cert: options.one('cert'),
    key: options.one('key'),
    passphrase: options.one('passphrase'),
    isInsecure: options.flag('insecure'),
    compresses: options.flag('compress'),
    maxPayload: options.count('max-payload'),
    connectTimeout: options.duration('connect-timeout'),
    reconnects: options.flag('reconnect'),
    heartbeat: options.one('heartbeat') === 'off' ? (false as const) : options.duration('heartbeat'),
    heartbeatMessage: options.one('heartbeat-message'),
  }
}

function readTraffic(options: GivenOptions) {
  const encodings = (['binary', 'hex', 'base64'] as const).filter((name) => options.flag(name))
  return {
    opening: options.ordered({ execute: 'text', file: 'file' } as const),
    encoding: encodings.at(-1) ?? ('text' as const),
    wait: options.duration('wait', 0),
    count: options.count('count'),
    record: options.one('record'),
    replay: options.one('replay'),
  }
}

function readOutput(options: GivenOptions) {
  return {
    isRaw: options.flag('raw') || options.flag('null'),
    isNulTerminated: options.flag('null'),
    isPretty: options.flag('pretty'),
    hasTimestamps: options.flag('timestamps'),
    color: options.flag('no-color') ? false : options.flag('color') ? true : undefined,
    isQuiet: options.flag('quiet'),
    isVerbose: options.flag('verbose'),
    keepsHistory: !options.flag('no-history'),
  }
}

function mistakesIn(given: Arguments): string[] {
  return [
    ...(given.heartbeatMessage !== undefined && given.heartbeat === false
      ? ['--heartbeat-message cannot be combined with --heartbeat off. Remove one of them']
      : []),
    ...(given.tokenCommand !== undefined && given.user !== undefined
      ? ['--token-command cannot be combined with --user: both set Authorization. Remove one of them']
      : []),
    ...(given.isQuiet && given.isVerbose
      ? ['--quiet cannot be combined with --verbose. Remove one of them']
      : []),
  ]
}

function urlMistakes({ replay }: Arguments, positionals: readonly string[]): string[] {
  const [url, ...others] = positionals
  if (others.length > 0) {
    return [
      `Expected one URL, received ${positionals.length} arguments. Put messages and values that contain spaces in quotes`,
    ]
  }
  if (url === undefined) return replay === undefined ? ['No URL given. Run: holdfast wss://example.com'] : []
  const mistake = findUrlMistake(url)
  return mistake ? [`The URL ${showUrl(url)} ${mistake.cause}. Fix: ${mistake.fix}`] : []
}
