import { LONGEST_DELAY } from '../core/clock.js'
import { describeValue } from '../core/describe-value.js'
import type { Mistake } from '../errors/startup-error.js'

const HEARTBEAT = 'use heartbeat: { interval, timeout }'
const SOCKET = 'use tcpKeepAlive and tcpNoDelay'
const COMPRESSION = 'use compression: { level, memLevel, threshold }'
const DECORATOR = 'decorate a method of the class'

/** Fixes for names from other WebSocket libraries, and for names in the wrong place. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  connectionTimeout: 'use connectTimeout',
  handshakeTimeout: 'use connectTimeout',
  openTimeout: 'use connectTimeout',
  pingInterval: HEARTBEAT,
  pingTimeout: HEARTBEAT,
  keepAlive: HEARTBEAT,
  maxQueue: 'use highWaterMark',
  maxSize: 'use maxPayload',
  subprotocols: 'use protocols',
  subprotocol: 'use protocols',
  additionalHeaders: 'use headers',
  extraHeaders: 'use headers',
  userAgentHeader: 'use userAgent',
  maxRedirects: 'use followRedirects: 10',
  cookie: 'use headers: { cookie }, or cookies: { get, set }',
  cookieJar: 'use cookies: { get, set }',
  perMessageDeflate: `${COMPRESSION}, or compression: true`,
  zlibDeflateOptions: COMPRESSION,
  zlibInflateOptions: COMPRESSION,
  compress_settings: COMPRESSION,
  server_no_context_takeover: 'use serverNoContextTakeover',
  client_no_context_takeover: 'use clientNoContextTakeover',
  server_max_window_bits: 'use serverMaxWindowBits',
  client_max_window_bits: 'use clientMaxWindowBits',
  concurrencyLimit: 'remove it: ws sets it once per process',
  maxRetries: 'use reconnect: { maxAttempts }',
  retryAttempts: 'use reconnect: { maxAttempts }',
  ssl: 'use tls',
  sslopt: 'use tls',
  tlsOptions: 'use tls',
  ...Object.fromEntries(
    ['ca', 'cert', 'key', 'pfx', 'passphrase', 'servername', 'rejectUnauthorized', 'checkServerIdentity'].map(
      (name) => [name, `move it into tls: { ${name} }`],
    ),
  ),
  sockopt: SOCKET,
  noDelay: SOCKET,
  sock: 'use createConnection: () => socket',
  socket: 'use createConnection: () => socket',
  skipUTF8Validation: 'use transport: createWsTransport({ validateUtf8: false })',
  onOpen: `${DECORATOR} with @OnOpen()`,
  onMessage: `${DECORATOR} with @OnMessage()`,
  onError: `${DECORATOR} with @OnError()`,
  onClose: `${DECORATOR} with @OnClose()`,
  waitForOpen: "move it to the client's entry in a module: { use: TheClient, waitForOpen: false }",
}

export function unknownNames(given: object, place: string, known: readonly string[]): Mistake[] {
  return Object.keys(given)
    .filter((name) => !known.includes(name))
    .map((name) => unknownName(name, place, known))
}

export function unknownName(name: string, place: string, known: readonly string[]): Mistake {
  const near = nearest(name, known)
  const listed = near
    ? `did you mean "${near}"?`
    : `remove it. Valid options: ${[...known].sort().join(', ')}`
  const fix = Object.hasOwn(OTHER_NAMES, name) ? (OTHER_NAMES[name] as string) : listed
  return { place: `${place}.${name}`, cause: 'unknown option', fix }
}

const FAR = 3

function nearest(name: string, known: readonly string[]): string | undefined {
  const distances = known.map((each) => [each, distance(each.toLowerCase(), name.toLowerCase())] as const)
  const [first] = distances.sort(([, a], [, b]) => a - b)
  return first && first[1] < Math.min(FAR, first[0].length) ? first[0] : undefined
}

/** Returns the number of edits between two names (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, other] of [...b].entries()) {
      const replaced = (row[j] as number) + (letter === other ? 0 : 1)
      next.push(Math.min(replaced, (row[j + 1] as number) + 1, (next[j] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}

export function isString(value: unknown): value is string {
  return typeof value === 'string'
}

export function isFunction(value: unknown): boolean {
  return typeof value === 'function'
}

const ASYNC: readonly unknown[] = ['AsyncFunction', 'AsyncGeneratorFunction']

/**
 * Reports an async function whose promise would not be awaited. The promise would be used as the value, and a rejection would end the
 * process.
 */
export function checkSync(value: unknown, place: string): Mistake[] {
  const isAsync =
    isFunction(value) && ASYNC.includes((value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag])
  if (!isAsync) return []
  const fix = 'return the value; do asynchronous work in a handler'
  return [{ place, cause: 'must be synchronous: its promise would not be awaited', fix }]
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

export function hasMethods(value: unknown, ...names: readonly string[]): boolean {
  return isObject(value) && names.every((name) => isFunction(value[name]))
}

/** Describes an invalid value. Omits the contents of strings and objects, because they could be secret. */
export function shown(value: unknown): string {
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : describeValue(value)
}

/** Validates one option and returns the problems found. */
export type Check = (value: unknown, place: string) => Mistake[]

/** Returns a check for an option that must be what `expected` describes. */
export function shapeCheck(fits: (value: unknown) => boolean, expected: string, fix: string): Check {
  return (value, place) =>
    fits(value) ? [] : [{ place, cause: `expected ${expected}, received ${shown(value)}`, fix }]
}

export function checkTime(value: unknown, place: string, least: number, canBeOff = false): Mistake[] {
  if (typeof value === 'number' && value >= least && value <= LONGEST_DELAY) return []
  const cause = `expected milliseconds from ${least} to ${LONGEST_DELAY}, received ${shown(value)}`
  return [{ place, cause, fix: `use a number: 10_000${canBeOff ? ', or use false for no limit' : ''}` }]
}

export function checkTimes(
  given: Readonly<Record<string, unknown>>,
  place: string,
  names: readonly string[],
  least: number,
): Mistake[] {
  return names.flatMap((name) =>
    given[name] === undefined ? [] : checkTime(given[name], `${place}.${name}`, least),
  )
}

/** Reports values that are not functions, and async functions whose promise would not be awaited. */
export function checkFunctions(
  given: Readonly<Record<string, unknown>>,
  place: string,
  names: readonly string[],
): Mistake[] {
  return names.flatMap((name) => {
    const value = given[name]
    if (value === undefined) return []
    if (isFunction(value)) return checkSync(value, `${place}.${name}`)
    return [
      {
        place: `${place}.${name}`,
        cause: `expected a function, received ${shown(value)}`,
        fix: `use ${name}: (…) => …`,
      },
    ]
  })
}

export function checkCount(value: unknown, place: string): Mistake[] {
  if (value === undefined || (Number.isSafeInteger(value) && (value as number) >= 1)) return []
  return [{ place, cause: `expected a positive integer, received ${shown(value)}`, fix: 'use 1 or more' }]
}

export function checkFlag(value: unknown, place: string): Mistake[] {
  if (value === undefined || typeof value === 'boolean') return []
  return [{ place, cause: `expected a boolean, received ${shown(value)}`, fix: 'use true or false' }]
}
