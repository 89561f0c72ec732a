import type { AttemptInfo, ClientOptions, TlsOptions } from '../index.js'
import type { Arguments } from './arguments.js'
import { readInput } from './input-files.js'
import {
  basicCredentials,
  environmentHeaders,
  headerFromVariable,
  joinHeaders,
  parseHeader,
  parseHeaderFile,
  withDefaults,
} from './headers.js'
import type { HeaderLine, Headers } from './headers.js'

type Environment = Readonly<Record<string, string | undefined>>

/** Default time between heartbeats, in milliseconds. */
const HEARTBEAT_INTERVAL = 20_000

/** Options for `bootstrap`, or the mistakes in the command line. */
export type ConnectionSetup = { readonly options: ClientOptions } | { readonly mistakes: readonly string[] }

/** Returns the options for the arguments. Reads the files that they name. */
export function connectionOptions(given: Arguments, environment: Environment): ConnectionSetup {
  const mistakes: string[] = []
  const headers = headersFor(given, environment, mistakes)
  const tls = tlsFor(given, mistakes)
  if (mistakes.length > 0) return { mistakes }
  return {
    options: {
      url: given.url,
      headers,
      reconnect: given.reconnects ? undefined : false,
      heartbeat: heartbeatFor(given),
      connectTimeout: given.connectTimeout,
      maxPayload: given.maxPayload,
      compression: given.compresses ? true : undefined,
      protocols: protocolsFor(given),
      origin: given.origin,
      followRedirects: given.followsRedirects ? true : undefined,
      proxy: given.proxy,
      tls,
    },
  }
}

/** Returns the headers or, with `--token-command`, a function that returns them for each attempt. */
function headersFor(
  given: Arguments,
  environment: Environment,
  mistakes: string[],
): ClientOptions['headers'] {
  const lines: HeaderLine[] = [
    ...given.headerVariables.map((text) => headerFromVariable(text, environment)),
    ...given.headers.flatMap((line) => headersIn(line, mistakes)),
  ]
  mistakes.push(...lines.flatMap((line) => ('mistake' in line ? [line.mistake] : [])))
  const own = joinHeaders(lines.flatMap((line) => ('mistake' in line ? [] : [line])))
  const login: Headers = given.user === undefined ? {} : { Authorization: basicCredentials(given.user) }
  const fixed = withDefaults(own, withDefaults(login, environmentHeaders(environment)))
  const { tokenCommand } = given
  if (tokenCommand === undefined) return fixed
  return async ({ signal }: AttemptInfo) => {
    const { outputOf } = await import('./token-command.js')
    return withDefaults({ Authorization: `Bearer ${await outputOf(tokenCommand, signal)}` }, fixed)
  }
}

function headersIn(line: string, mistakes: string[]): readonly HeaderLine[] {
  if (!line.startsWith('@')) return [parseHeader(line, '--header')]
  const path = line.slice(1)
  const text = readInput('--header', path, mistakes)
  return text === undefined ? [] : parseHeaderFile(text.toString(), path)
}

/** Offers the subprotocols. Unlike in a program, the server may choose none of them, because users explore servers with the command. */
function protocolsFor({ subprotocols }: Arguments): ClientOptions['protocols'] {
  return subprotocols.length > 0 ? { offer: subprotocols, required: false } : undefined
}

function heartbeatFor({ heartbeat, heartbeatMessage }: Arguments): ClientOptions['heartbeat'] {
  if (heartbeat === false) return false
  if (heartbeatMessage === undefined) return heartbeat === undefined ? undefined : { interval: heartbeat }
  return { interval: heartbeat ?? HEARTBEAT_INTERVAL, message: () => heartbeatMessage }
}

function tlsFor(
  { ca, cert, key, passphrase, isInsecure }: Arguments,
  mistakes: string[],
): TlsOptions | undefined {
  const read = (option: string, path: string | undefined): Buffer | undefined =>
    path === undefined ? undefined : readInput(option, path, mistakes)
  const tls: TlsOptions = {
    ca: ca.length > 0 ? ca.flatMap((path) => read('--ca', path) ?? []) : undefined,
    cert: read('--cert', cert),
    key: read('--key', key),
    passphrase: passphrase?.startsWith('@')
      ? read('--passphrase', passphrase.slice(1))?.toString().trimEnd()
      : passphrase,
    rejectUnauthorized: isInsecure ? false : undefined,
  }
  return Object.values(tls).every((value) => value === undefined) ? undefined : tls
}
