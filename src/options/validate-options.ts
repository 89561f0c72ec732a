import { checkConcurrency } from './concurrency.js'
import { RETRY_DEFAULTS } from '../connection/retry-policy.js'
import type { Mistake } from '../errors/startup-error.js'
import { DEFAULTS } from './fill-in.js'
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
  unknownName,
  unknownNames,
} from './rules.js'
import { checkRoute } from './validate-route.js'
import { redactUrl, findUrlMistake } from '../core/url.js'

const HEARTBEAT_NAMES = ['interval', 'timeout', 'message', 'isReply', 'silence']
const OUTBOX_NAMES = ['limit', 'bytes', 'overflow', 'maxAge', 'conflate']
const OVERFLOWS: readonly unknown[] = ['reject', 'drop-oldest', 'drop-newest']
const REQUEST_FUNCTIONS = ['replyId', 'result', 'error', 'nextId', 'idKey', 'respond']
const RECONNECT_NAMES = ['initialDelay', 'maxDelay', 'minUptime', 'maxAttempts', 'delays', 'shouldReconnect']

/** Numbers that `false` switches off. */
const CAN_BE_OFF: readonly string[] = ['connectTimeout', 'onOpenTimeout', 'maxPayload', 'maxFragments']

/** The token of RFC 9110, section 5.6.2: what a subprotocol may consist of. */
const SUBPROTOCOL = /^[!#$%&'*+\-.^_`|~\w]+$/

/** Finds what is wrong with the options of a connection, whatever they were laid over. */
export function validateOptions(
  options: ConnectionOptions,
  target: string,
  others: readonly string[],
): Mistake[] {
  const mistakes: Mistake[] = []
  if (options.url === undefined) {
    const fix = `call bootstrap(${target}, 'wss://…'), or put @WebSocketClient({ url: 'wss://…' }) on the class`
    mistakes.push({ place: target, cause: 'has no url', fix })
  }
  for (const name of Object.keys(options)) {
    const check = CHECKS.get(name)
    const value = options[name as keyof ConnectionOptions]
    if (check) {
      if (value !== undefined) mistakes.push(...check(value, `options.${name}`))
    } else if (!others.includes(name))
      mistakes.push(unknownName(name, 'options', [...CHECKS.keys(), ...others]))
  }
  return mistakes
}

function checkUrl(url: unknown, place: string): Mistake[] {
  if (typeof url === 'function') return []
  if (typeof url !== 'string' && !(url instanceof URL))
    return [{ place, cause: 'is neither a string, a URL, nor a function', fix: "write 'wss://…'" }]
  const text = String(url)
  const problem = findUrlMistake(text)
  if (!problem) return []
  const shown = URL.canParse(text) ? redactUrl(text) : `'${withoutSecrets(text)}'`
  return [{ place, cause: `${shown} ${problem.cause}`, fix: problem.fix }]
}

/** What may be shown of something that is no url: nothing before an @, nothing after a question mark. */
function withoutSecrets(text: string): string {
  return text.replace(/[?#].*$/s, '').replace(/^.*@/s, '')
}

function checkProtocols(protocols: unknown, place: string): Mistake[] {
  if (typeof protocols === 'function') return []
  const list: unknown = typeof protocols === 'string' ? [protocols] : protocols
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

function shapeCheck(fits: (value: unknown) => boolean, what: string): Check {
  return (value, place) => (fits(value) ? [] : [{ place, cause: `is ${shown(value)}`, fix: `give ${what}` }])
}

function checkCodec(codec: unknown, place: string): Mistake[] {
  if (!hasMethods(codec, 'encode', 'decode')) {
    const fix = 'give an object with encode and decode, such as jsonCodec'
    return [{ place, cause: `is ${shown(codec)}`, fix }]
  }
  return ['encode', 'decode'].flatMap((name) => checkSync((codec as ShapedCodec)[name], `${place}.${name}`))
}

type ShapedCodec = Readonly<Record<string, unknown>>

function checkUnpack(unpack: unknown, place: string): Mistake[] {
  const fix = 'give a function from a decoded frame to the list of its messages'
  return isFunction(unpack) ? checkSync(unpack, place) : [{ place, cause: `is ${shown(unpack)}`, fix }]
}

function numberCheck(name: keyof typeof DEFAULTS): Check {
  const canBeOff = CAN_BE_OFF.includes(name)
  const least = name === 'drainTimeout' ? 0 : 1
  return (value, place) => {
    if (value === false && canBeOff) return []
    if (name.endsWith('Timeout')) return checkTime(value, place, least, canBeOff)
    if (Number.isSafeInteger(value) && (value as number) >= 1) return []
    const fix = `give a whole number from 1${canBeOff ? ', or false for no limit' : ''}`
    return [{ place, cause: `is ${shown(value)}`, fix }]
  }
}

function checkHeartbeat(heartbeat: unknown, place: string): Mistake[] {
  if (heartbeat === false) return []
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

function checkReconnect(reconnect: unknown, place: string): Mistake[] {
  if (reconnect === false) return []
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
  const { initialDelay, maxDelay = RETRY_DEFAULTS.maxDelay, delays } = given
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

function checkOutbox(outbox: unknown, place: string): Mistake[] {
  if (outbox === false) return []
  if (!isObject(outbox)) {
    return [
      {
        place,
        cause: `is ${shown(outbox)}`,
        fix: 'give { limit, bytes, overflow, maxAge, conflate }, or false',
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
    const fix = "give 'reject', 'drop-oldest' or 'drop-newest'"
    mistakes.push({ place: `${place}.overflow`, cause: `is ${shown(overflow)}`, fix })
  }
  return mistakes
}

function checkRequests(requests: unknown, place: string): Mistake[] {
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

function checkRateLimit(rateLimit: unknown, place: string): Mistake[] {
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

/** Finds what is wrong with one option that was given. */
type Check = (value: unknown, place: string) => Mistake[]

const NUMBERS = Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[]

/** Every option of a connection, so that a name that is none can be told. */
const CHECKS: ReadonlyMap<string, Check> = new Map<keyof ConnectionOptions, Check>([
  ...NUMBERS.map((name) => [name, numberCheck(name)] as const),
  ['concurrency', checkConcurrency],
  ['url', checkUrl],
  ['protocols', checkProtocols],
  [
    'headers',
    shapeCheck((value) => isFunction(value) || isObject(value), "{ name: 'value' }, or a function"),
  ],
  ['name', shapeCheck(isString, "a name, such as 'lobby'")],
  ['route', checkRoute],
  ['codec', checkCodec],
  ['unpack', checkUnpack],
  ['compression', shapeCheck((value) => typeof value === 'boolean', 'true or false')],
  ['heartbeat', checkHeartbeat],
  ['reconnect', checkReconnect],
  ['outbox', checkOutbox],
  ['requests', checkRequests],
  ['rateLimit', checkRateLimit],
  ['maxAge', (value, place) => (value === Infinity ? [] : checkTime(value, place, 1))],
  [
    'logger',
    shapeCheck(
      (value) => value === false || hasMethods(value, 'debug', 'info', 'warn', 'error'),
      'an object with debug, info, warn and error, such as console; or false',
    ),
  ],
  ['clock', shapeCheck((value) => hasMethods(value, 'now', 'date', 'setTimeout', 'nextTurn'), 'a Clock')],
  ['random', shapeCheck(isFunction, 'a function such as Math.random')],
  ['transport', shapeCheck(isFunction, 'a function that opens a socket')],
])
