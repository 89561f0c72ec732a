import { checkConcurrency } from './concurrency.js'
import { RECONNECT_DEFAULTS } from './connection/reconnect-policy.js'
import type { Mistake } from './errors.js'
import { DEFAULTS } from './options.js'
import type { ConnectionOptions } from './options.js'
import {
  checkCount,
  checkFunctions,
  checkSync,
  checkTime,
  checkTimes,
  hasMethods,
  isFunction,
  isObject,
  isString,
  shown,
  unknownNames,
} from './option-checks.js'
import { checkRoute } from './route.js'
import { redactUrl, urlProblem } from './url.js'

/** Every option of a connection, so that a name that is none can be told. */
const NAMES: readonly (keyof ConnectionOptions)[] = [
  ...(Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[]),
  'url',
  'protocols',
  'headers',
  'name',
  'route',
  'codec',
  'unpack',
  'compression',
  'heartbeat',
  'reconnect',
  'outbox',
  'requests',
  'rateLimit',
  'maxAge',
  'logger',
  'clock',
  'random',
  'transport',
]

const HEARTBEAT_NAMES = ['interval', 'timeout', 'message', 'isReply', 'silence']
const OUTBOX_NAMES = ['limit', 'bytes', 'overflow', 'maxAge', 'collapse']
const OVERFLOWS: readonly unknown[] = ['reject', 'drop-oldest', 'drop-newest']
const REQUEST_FUNCTIONS = ['replyId', 'result', 'error', 'nextId', 'idKey', 'respond']
const RECONNECT_NAMES = ['initialDelay', 'maxDelay', 'minUptime', 'maxAttempts', 'delays', 'shouldReconnect']

/** Numbers that `false` switches off. */
const CAN_BE_OFF: readonly string[] = ['connectTimeout', 'readyTimeout', 'maxPayload', 'maxFragments']

/** The token of RFC 9110, section 5.6.2: what a subprotocol may consist of. */
const SUBPROTOCOL = /^[!#$%&'*+\-.^_`|~\w]+$/

/** Finds what is wrong with the options of a connection, whatever they were laid over. */
export function checkOptions(
  options: ConnectionOptions,
  target: string,
  others: readonly string[],
): Mistake[] {
  return [
    ...unknownNames(options, 'options', [...NAMES, ...others]),
    ...checkUrl(options.url, target),
    ...checkProtocols(options.protocols),
    ...checkRoute(options.route, 'options.route'),
    ...checkShapes(options),
    ...checkCodec(options.codec),
    ...checkSync(options.unpack, 'options.unpack'),
    ...checkNumbers(options),
    ...checkHeartbeat(options.heartbeat),
    ...checkReconnect(options.reconnect),
    ...checkOutbox(options.outbox),
    ...checkRequests(options.requests),
    ...checkRateLimit(options.rateLimit),
    ...(options.maxAge === undefined || options.maxAge === Infinity
      ? []
      : checkTime(options.maxAge, 'options.maxAge', 1)),
  ]
}

function checkUrl(url: ConnectionOptions['url'], target: string): Mistake[] {
  if (url === undefined) {
    const fix = `call bootstrap(${target}, 'wss://…'), or put @WebSocketClient({ url: 'wss://…' }) on the class`
    return [{ place: target, cause: 'has no url', fix }]
  }
  if (typeof url === 'function') return []
  if (typeof url !== 'string' && !(url instanceof URL)) {
    return [
      { place: 'options.url', cause: 'is neither a string, a URL, nor a function', fix: "write 'wss://…'" },
    ]
  }
  const text = String(url)
  const problem = urlProblem(text)
  if (!problem) return []
  const shown = URL.canParse(text) ? redactUrl(text) : `'${withoutSecrets(text)}'`
  return [{ place: 'options.url', cause: `${shown} ${problem.cause}`, fix: problem.fix }]
}

/** What may be shown of something that is no url: nothing before an @, nothing after a question mark. */
function withoutSecrets(text: string): string {
  return text.replace(/[?#].*$/s, '').replace(/^.*@/s, '')
}

function checkProtocols(protocols: ConnectionOptions['protocols']): Mistake[] {
  if (protocols === undefined || typeof protocols === 'function') return []
  const list: unknown = typeof protocols === 'string' ? [protocols] : protocols
  const place = 'options.protocols'
  if (!Array.isArray(list)) {
    return [{ place, cause: `is ${shown(list)}`, fix: "give 'name', ['one', 'two'], or a function" }]
  }
  return list.flatMap((protocol: unknown, index) => {
    if (typeof protocol !== 'string' || !SUBPROTOCOL.test(protocol)) {
      const cause = `${JSON.stringify(protocol)} is no subprotocol (RFC 6455, section 4.1)`
      const fix = 'use letters, digits and -._~ and the like; no spaces, commas or slashes'
      return [{ place, cause, fix }]
    }
    if (list.indexOf(protocol) === index) return []
    return [{ place, cause: `'${protocol}' is named twice`, fix: 'name it once' }]
  })
}

/** What the options that are neither numbers nor groups have to be. */
const SHAPES: readonly (readonly [keyof ConnectionOptions, (value: unknown) => boolean, string])[] = [
  ['name', isString, "a name, such as 'lobby'"],
  ['headers', (value) => isFunction(value) || isObject(value), "{ name: 'value' }, or a function"],
  [
    'codec',
    (value) => hasMethods(value, 'encode', 'decode'),
    'an object with encode and decode, such as jsonCodec',
  ],
  ['compression', (value) => typeof value === 'boolean', 'true or false'],
  ['unpack', isFunction, 'a function from a decoded frame to the list of its messages'],
  [
    'logger',
    (value) => value === false || hasMethods(value, 'debug', 'info', 'warn', 'error'),
    'an object with debug, info, warn and error, such as console; or false',
  ],
  ['clock', (value) => hasMethods(value, 'now', 'date', 'setTimeout', 'nextTurn'), 'a Clock'],
  ['random', isFunction, 'a function such as Math.random'],
  ['transport', isFunction, 'a function that opens a socket'],
]

function checkShapes(options: ConnectionOptions): Mistake[] {
  return SHAPES.filter(([name]) => options[name] !== undefined).flatMap(([name, fits, what]) => {
    const value: unknown = options[name]
    if (fits(value)) return []
    return [{ place: `options.${name}`, cause: `is ${shown(value)}`, fix: `give ${what}` }]
  })
}

/** Its shape has been checked. */
function checkCodec(codec: unknown): Mistake[] {
  if (!isObject(codec)) return []
  return ['encode', 'decode'].flatMap((name) => checkSync(codec[name], `options.codec.${name}`))
}

function checkNumbers(options: ConnectionOptions): Mistake[] {
  const names = Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[]
  return names
    .filter((name) => options[name] !== undefined)
    .flatMap((name) => {
      const value: unknown = options[name]
      if (value === false && CAN_BE_OFF.includes(name)) return []
      if (name.endsWith('Timeout')) {
        return checkTime(value, `options.${name}`, name === 'drainTimeout' ? 0 : 1, CAN_BE_OFF.includes(name))
      }
      if (name === 'concurrency') return checkConcurrency(value)
      if (Number.isSafeInteger(value) && (value as number) >= 1) return []
      const off = CAN_BE_OFF.includes(name) ? ', or false for no limit' : ''
      return [
        { place: `options.${name}`, cause: `is ${shown(value)}`, fix: `give a whole number from 1${off}` },
      ]
    })
}

function checkHeartbeat(heartbeat: unknown): Mistake[] {
  const place = 'options.heartbeat'
  if (heartbeat === undefined || heartbeat === false) return []
  if (!isObject(heartbeat)) {
    const fix = 'give { interval, timeout }, { silence }, or false'
    return [{ place, cause: `is ${shown(heartbeat)}`, fix }]
  }
  const given = heartbeat
  const mistakes = [
    ...unknownNames(given, place, HEARTBEAT_NAMES),
    ...checkTimes(given, place, ['interval', 'timeout', 'silence'], 1),
  ]
  const beats = ['interval', 'timeout', 'message', 'isReply'].filter((name) => given[name] !== undefined)
  if (given['silence'] !== undefined && beats.length > 0) {
    const cause = `has silence, which never sends, and ${beats.join(', ')}, which is about sending`
    mistakes.push({ place, cause, fix: 'keep silence to listen only, or the others to beat' })
  }
  if (given['isReply'] !== undefined && given['message'] === undefined) {
    mistakes.push({ place, cause: 'has isReply without message', fix: 'give the message that is replied to' })
  }
  return [...mistakes, ...checkFunctions(given, place, ['message', 'isReply'])]
}

function checkReconnect(reconnect: unknown): Mistake[] {
  const place = 'options.reconnect'
  if (reconnect === undefined || reconnect === false) return []
  if (!isObject(reconnect)) {
    return [
      {
        place,
        cause: `is ${shown(reconnect)}`,
        fix: 'give an object, or false to end with the first failure',
      },
    ]
  }
  const { maxAttempts } = reconnect
  const mistakes = [
    ...unknownNames(reconnect, place, RECONNECT_NAMES),
    ...checkTimes(reconnect, place, ['initialDelay', 'maxDelay', 'minUptime'], 0),
    ...checkFunctions(reconnect, place, ['shouldReconnect']),
    ...checkDelays(reconnect, place),
  ]
  const isCount = maxAttempts === undefined || maxAttempts === Infinity || Number.isSafeInteger(maxAttempts)
  if (!isCount || (maxAttempts as number) < 1) {
    const fix = 'give a whole number from 1; reconnect: false makes one try only'
    mistakes.push({ place: `${place}.maxAttempts`, cause: `is ${shown(maxAttempts)}`, fix })
  }
  return mistakes
}

function checkDelays(given: Readonly<Record<string, unknown>>, place: string): Mistake[] {
  const mistakes: Mistake[] = []
  const { initialDelay, maxDelay = RECONNECT_DEFAULTS.maxDelay, delays } = given
  if (typeof initialDelay === 'number' && typeof maxDelay === 'number' && initialDelay > maxDelay) {
    const cause = `has an initialDelay (${initialDelay}) above its maxDelay (${maxDelay})`
    mistakes.push({ place, cause, fix: 'raise maxDelay or lower initialDelay' })
  }
  if (delays === undefined || isFunction(delays)) return [...mistakes, ...replacedDelays(given, place)]
  if (
    !Array.isArray(delays) ||
    delays.length === 0 ||
    delays.some((delay) => checkTime(delay, '', 0).length > 0)
  ) {
    const cause = Array.isArray(delays) ? 'is empty or has something that is no time' : `is ${shown(delays)}`
    mistakes.push({ place: `${place}.delays`, cause, fix: 'list milliseconds, or give a function' })
  }
  return [...mistakes, ...replacedDelays(given, place)]
}

function replacedDelays(
  { initialDelay, maxDelay, delays }: Readonly<Record<string, unknown>>,
  place: string,
): Mistake[] {
  if (delays === undefined || (initialDelay === undefined && maxDelay === undefined)) return []
  const cause = 'has delays, and initialDelay or maxDelay, which it replaces'
  return [{ place, cause, fix: 'keep delays or the others' }]
}

function checkOutbox(outbox: unknown): Mistake[] {
  const place = 'options.outbox'
  if (outbox === undefined || outbox === false) return []
  if (!isObject(outbox)) {
    return [
      {
        place,
        cause: `is ${shown(outbox)}`,
        fix: 'give { limit, bytes, overflow, maxAge, collapse }, or false',
      },
    ]
  }
  const mistakes = [
    ...unknownNames(outbox, place, OUTBOX_NAMES),
    ...checkFunctions(outbox, place, ['collapse']),
    ...(['limit', 'bytes'] as const).flatMap((name) => checkCount(outbox[name], `${place}.${name}`)),
    ...(outbox['maxAge'] === Infinity ? [] : checkTimes(outbox, place, ['maxAge'], 0)),
  ]
  const { overflow } = outbox
  if (overflow !== undefined && !OVERFLOWS.includes(overflow)) {
    const fix = "give 'reject', 'drop-oldest' or 'drop-newest'"
    mistakes.push({ place: `${place}.overflow`, cause: `is ${shown(overflow)}`, fix })
  }
  return mistakes
}

function checkRequests(requests: unknown): Mistake[] {
  const place = 'options.requests'
  if (requests === undefined) return []
  if (!isObject(requests)) {
    return [{ place, cause: `is ${shown(requests)}`, fix: 'give a preset, jsonRpc() say, or an object' }]
  }
  const { id, timeout } = requests
  const mistakes = [
    ...unknownNames(requests, place, [...REQUEST_FUNCTIONS, 'id', 'timeout', 'limit']),
    ...checkFunctions(requests, place, REQUEST_FUNCTIONS),
    ...checkCount(requests['limit'], `${place}.limit`),
    ...(timeout === undefined || timeout === false ? [] : checkTime(timeout, `${place}.timeout`, 1)),
  ]
  const isPlace = isObject(id) && isFunction(id['read']) && isFunction(id['write'])
  if (id !== undefined && id !== false && typeof id !== 'string' && !isPlace) {
    const fix = 'give the name of a property, { read, write }, or false where the API has no ids'
    mistakes.push({ place: `${place}.id`, cause: `is ${shown(id)}`, fix })
  }
  return mistakes
}

function checkRateLimit(rateLimit: unknown): Mistake[] {
  const place = 'options.rateLimit'
  if (rateLimit === undefined) return []
  if (!isObject(rateLimit)) {
    return [{ place, cause: `is ${shown(rateLimit)}`, fix: 'give { messages, per, reserve }' }]
  }
  const { messages, per, reserve } = rateLimit
  const mistakes = [
    ...unknownNames(rateLimit, place, ['messages', 'per', 'reserve']),
    ...checkCount(messages ?? null, `${place}.messages`),
    ...checkTime(per, `${place}.per`, 1),
  ]
  const isReserve =
    Number.isSafeInteger(reserve) && (reserve as number) >= 0 && (reserve as number) < (messages as number)
  if (reserve !== undefined && !isReserve) {
    const fix = 'give a whole number from 0, below messages'
    mistakes.push({ place: `${place}.reserve`, cause: `is ${shown(reserve)}`, fix })
  }
  return mistakes
}
