import { ConnectLimiter } from '../attempt/connect-limiter.js'
import { checkConcurrency } from './concurrency.js'
import { checkCompression } from './validate-compression.js'
import type { Mistake } from '../errors/startup-error.js'
import { DEFAULTS } from './fill-in.js'
import type { ConnectionOptions } from './options.js'
import {
  checkCount,
  checkFlag,
  checkFunctions,
  checkSync,
  checkTime,
  checkTimes,
  hasMethods,
  isFunction,
  isObject,
  isString,
  shapeCheck,
  shown,
  unknownName,
  unknownNames,
} from './rules.js'
import type { Check } from './rules.js'
import { checkHeartbeat } from './heartbeat-option.js'
import { checkPeriodic } from './periodic-option.js'
import { checkSubscriptions } from './validate-subscriptions.js'
import { checkReconnect } from './validate-reconnect.js'
import { checkEnvironment, checkProxy } from './validate-proxy.js'
import {
  checkCookies,
  checkHeaderValue,
  checkHeaders,
  checkProtocols,
  checkRedirects,
  checkUrl,
} from './validate-request.js'
import { checkRoute } from './validate-route.js'
import { SOCKET_CHECKS, checkSocketTogether } from './validate-socket.js'

const OUTBOX_NAMES = ['limit', 'bytes', 'overflow', 'maxAge', 'conflate']
const OVERFLOWS: readonly unknown[] = ['reject', 'drop-oldest', 'drop-newest']
const REQUEST_FUNCTIONS = ['replyId', 'result', 'error', 'nextId', 'idKey', 'respond', 'cancel', 'duringOpen']

/** Number options that can be `false`. */
const CAN_BE_OFF: readonly string[] = ['connectTimeout', 'onOpenTimeout', 'maxPayload', 'maxFragments']

/** Cause of the problem if no URL is given. */
export const NO_URL = 'no URL given'

/** Validates a connection's merged options and returns the problems found. */
export function validateOptions(
  options: ConnectionOptions,
  target: string,
  others: readonly string[],
): Mistake[] {
  const mistakes: Mistake[] = []
  if (options.url === undefined) {
    const fix = `pass one: bootstrap(${target}, 'wss://…'), or @WebSocketClient({ url: 'wss://…' })`
    mistakes.push({ place: target, cause: NO_URL, fix })
  }
  for (const name of Object.keys(options)) {
    const check = CHECKS.get(name)
    const value = options[name as keyof ConnectionOptions]
    if (check) {
      if (value !== undefined) mistakes.push(...check(value, `options.${name}`))
    } else if (!others.includes(name))
      mistakes.push(unknownName(name, 'options', [...CHECKS.keys(), ...others]))
  }
  return [...mistakes, ...checkSocketTogether(options), ...checkEnvironment(options)]
}

function checkCodec(codec: unknown, place: string): Mistake[] {
  if (isFunction(codec)) return checkSync(codec, place)
  if (!hasMethods(codec, 'encode', 'decode')) {
    const cause = `expected a codec or a function that returns one, received ${shown(codec)}`
    return [{ place, cause, fix: 'use an object with encode and decode, such as jsonCodec' }]
  }
  return ['encode', 'decode'].flatMap((name) => checkSync((codec as ShapedCodec)[name], `${place}.${name}`))
}

type ShapedCodec = Readonly<Record<string, unknown>>

/** Returns a check for a function that must be synchronous. */
function functionCheck(fix: string): Check {
  const check = shapeCheck(isFunction, 'a function', fix)
  return (value, place) => [...check(value, place), ...checkSync(value, place)]
}

function numberCheck(name: keyof typeof DEFAULTS): Check {
  const canBeOff = CAN_BE_OFF.includes(name)
  const least = name === 'drainTimeout' ? 0 : 1
  return (value, place) => {
    if (value === false && canBeOff) return []
    if (name.endsWith('Timeout')) return checkTime(value, place, least, canBeOff)
    if (Number.isSafeInteger(value) && (value as number) >= 1) return []
    const fix = `use 1 or more${canBeOff ? ', or false for no limit' : ''}`
    return [{ place, cause: `expected a positive integer, received ${shown(value)}`, fix }]
  }
}

function checkOutbox(outbox: unknown, place: string): Mistake[] {
  if (outbox === false) return []
  if (!isObject(outbox)) {
    return [
      {
        place,
        cause: `expected an object or false, received ${shown(outbox)}`,
        fix: 'use { limit, bytes, overflow, maxAge, conflate }, or false',
      },
    ]
  }
  const mistakes = [
    ...unknownNames(outbox, place, OUTBOX_NAMES),
    ...checkFunctions(outbox, place, ['conflate']),
    ...(['limit', 'bytes'] as const).flatMap((name) => checkCount(outbox[name], `${place}.${name}`)),
    ...(outbox['maxAge'] === Infinity ? [] : checkTimes(outbox, place, ['maxAge'], 0)),
  ]
  const { overflow } = outbox
  if (overflow !== undefined && !OVERFLOWS.includes(overflow)) {
    const cause = 'unknown overflow policy'
    const fix = "use 'reject', 'drop-oldest', or 'drop-newest'"
    mistakes.push({ place: `${place}.overflow`, cause, fix })
  }
  return mistakes
}

function checkRequests(requests: unknown, place: string): Mistake[] {
  if (!isObject(requests)) {
    const cause = `expected an object, received ${shown(requests)}`
    return [{ place, cause, fix: 'use a preset such as jsonRpc(), or an object' }]
  }
  const { id, timeout } = requests
  const mistakes = [
    ...unknownNames(requests, place, [...REQUEST_FUNCTIONS, 'id', 'heartbeatIds', 'timeout', 'limit']),
    ...checkFunctions(requests, place, REQUEST_FUNCTIONS),
    ...checkFlag(requests['heartbeatIds'], `${place}.heartbeatIds`),
    ...checkCount(requests['limit'], `${place}.limit`),
    ...(timeout === undefined || timeout === false ? [] : checkTime(timeout, `${place}.timeout`, 1)),
  ]
  const isPlace = isObject(id) && isFunction(id['read']) && isFunction(id['write'])
  if (isPlace) mistakes.push(...checkFunctions(id, `${place}.id`, ['read', 'write']))
  if (id !== undefined && id !== false && typeof id !== 'string' && !isPlace) {
    const cause = `expected a string, an object, or false, received ${shown(id)}`
    const fix = 'use the name of a property, { read, write }, or false if the API has no IDs'
    mistakes.push({ place: `${place}.id`, cause, fix })
  }
  return mistakes
}

function checkRateLimit(rateLimit: unknown, place: string): Mistake[] {
  if (!isObject(rateLimit)) {
    const cause = `expected an object, received ${shown(rateLimit)}`
    return [{ place, cause, fix: 'use { messages, per, reserve }' }]
  }
  const { messages, per, reserve } = rateLimit
  const mistakes = [
    ...unknownNames(rateLimit, place, ['messages', 'per', 'reserve']),
    ...(messages === undefined
      ? [{ place, cause: '"messages" is missing', fix: 'add messages: 10' }]
      : checkCount(messages, `${place}.messages`)),
    ...(per === undefined
      ? [{ place, cause: '"per" is missing', fix: 'add per: 1_000' }]
      : checkTime(per, `${place}.per`, 1)),
  ]
  const isReserve =
    Number.isSafeInteger(reserve) && (reserve as number) >= 0 && (reserve as number) < (messages as number)
  if (reserve !== undefined && !isReserve) {
    const cause = `expected an integer from 0 to messages - 1, received ${shown(reserve)}`
    mistakes.push({ place: `${place}.reserve`, cause, fix: 'use a number from 0 to messages - 1' })
  }
  return mistakes
}

const NUMBERS = Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[]

/** Checks of all options of a connection. Any other name is an error. */
const CHECKS: ReadonlyMap<string, Check> = new Map<keyof ConnectionOptions, Check>([
  ...NUMBERS.map((name) => [name, numberCheck(name)] as const),
  ['concurrency', checkConcurrency],
  ['url', checkUrl],
  ['protocols', checkProtocols],
  ['headers', checkHeaders],
  ['origin', checkHeaderValue("use a string such as 'https://example.com'")],
  ['userAgent', checkHeaderValue("use a string such as 'my-app/1.0'")],
  ['followRedirects', checkRedirects],
  ['cookies', checkCookies],
  ['name', shapeCheck(isString, 'a string', "use a name such as 'lobby'")],
  ['route', checkRoute],
  ['codec', checkCodec],
  ['unpack', functionCheck('use unpack: (decoded) => [decoded]')],
  ['ackOnArrival', functionCheck('use ackOnArrival: (message) => …')],
  ['replies', checkFlag],
  ['parseUnwanted', checkFlag],
  ['compression', checkCompression],
  ...SOCKET_CHECKS,
  ['heartbeat', checkHeartbeat],
  ['periodic', checkPeriodic],
  ['reconnect', checkReconnect],
  ['outbox', checkOutbox],
  ['requests', checkRequests],
  ['subscriptions', checkSubscriptions],
  ['rateLimit', checkRateLimit],
  ['proxy', checkProxy],
  [
    'connectLimiter',
    shapeCheck(
      (value) => value instanceof ConnectLimiter,
      'a limiter',
      'use createConnectLimiter({ attempts, per }), and share its result between the clients',
    ),
  ],
  ['maxAge', (value, place) => (value === Infinity ? [] : checkTime(value, place, 1))],
  [
    'logger',
    shapeCheck(
      (value) =>
        value === false ||
        hasMethods(value, 'debug', 'info', 'warn', 'error') ||
        hasMethods(value, 'log', 'warn', 'error'),
      'an object with debug, info (or log), warn, and error, or false',
      'use console, another logger, or false to disable logging',
    ),
  ],
  [
    'clock',
    shapeCheck(
      (value) => hasMethods(value, 'now', 'date', 'setTimeout', 'nextTurn'),
      'a Clock',
      'use new FakeClock() from holdfast/testing',
    ),
  ],
  ['random', shapeCheck(isFunction, 'a function', 'use a function such as Math.random')],
  [
    'transport',
    shapeCheck(isFunction, 'a function', 'use a function that opens a socket, such as createWsTransport()'),
  ],
])
