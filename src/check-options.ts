import { LONGEST_DELAY } from './clock.js'
import { describeValue } from './codec.js'
import type { Mistake } from './errors.js'
import { DEFAULTS } from './options.js'
import type { ConnectionOptions } from './options.js'
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
  'heartbeat',
  'reconnect',
  'logger',
  'clock',
  'random',
  'transport',
]

const HEARTBEAT_NAMES = ['interval', 'timeout', 'message', 'isReply', 'silence']
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
    ...checkNumbers(options),
    ...checkHeartbeat(options.heartbeat),
    ...checkReconnect(options.reconnect),
  ]
}

function unknownNames(given: object, place: string, known: readonly string[]): Mistake[] {
  return Object.keys(given)
    .filter((name) => !known.includes(name))
    .map((name) => {
      const near = known.find(
        (each) => each.toLowerCase() === name.toLowerCase() || distance(each, name) <= 2,
      )
      const fix = near ? `did you mean ${near}?` : `leave it out; there are ${[...known].sort().join(', ')}`
      return { place: `${place}.${name}`, cause: 'is no option', fix }
    })
}

/** Counts the edits between two names (Levenshtein). */
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
  return [{ place: 'options.url', cause: `${redactUrl(text)} ${problem.cause}`, fix: problem.fix }]
}

function checkProtocols(protocols: ConnectionOptions['protocols']): Mistake[] {
  if (protocols === undefined || typeof protocols === 'function') return []
  const list: unknown = typeof protocols === 'string' ? [protocols] : protocols
  const place = 'options.protocols'
  if (!Array.isArray(list)) {
    return [
      { place, cause: `is ${describeValue(list)}`, fix: 'give a string, a list of strings, or a function' },
    ]
  }
  return list.flatMap((protocol: unknown, index) => {
    if (typeof protocol !== 'string' || !SUBPROTOCOL.test(protocol)) {
      const cause = `${JSON.stringify(protocol)} is no subprotocol (RFC 6455, section 4.1)`
      return [
        { place, cause, fix: 'use letters, digits and -._~ and the like; no spaces, commas or slashes' },
      ]
    }
    if (list.indexOf(protocol) === index) return []
    return [{ place, cause: `'${protocol}' is named twice`, fix: 'name it once' }]
  })
}

function checkNumbers(options: ConnectionOptions): Mistake[] {
  const names = Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[]
  return names.flatMap((name) => {
    const value: unknown = options[name]
    if (value === undefined || (value === false && CAN_BE_OFF.includes(name))) return []
    if (name.endsWith('Timeout')) return checkTime(value, `options.${name}`, name === 'drainTimeout' ? 0 : 1)
    if (name === 'concurrency' && value === Infinity) return []
    if (Number.isSafeInteger(value) && (value as number) >= 1) return []
    const off = CAN_BE_OFF.includes(name) ? ', or false for no limit' : ''
    return [
      { place: `options.${name}`, cause: `is ${String(value)}`, fix: `give a whole number from 1${off}` },
    ]
  })
}

function checkTime(value: unknown, place: string, least: number): Mistake[] {
  if (typeof value === 'number' && value >= least && value <= LONGEST_DELAY) return []
  const fix = `give milliseconds, from ${least} to ${LONGEST_DELAY}`
  return [{ place, cause: `is ${String(value)}`, fix }]
}

function checkTimes(
  given: Readonly<Record<string, unknown>>,
  place: string,
  names: readonly string[],
  least: number,
): Mistake[] {
  return names.flatMap((name) =>
    given[name] === undefined ? [] : checkTime(given[name], `${place}.${name}`, least),
  )
}

function checkHeartbeat(heartbeat: unknown): Mistake[] {
  const place = 'options.heartbeat'
  if (heartbeat === undefined || heartbeat === false) return []
  if (typeof heartbeat !== 'object' || heartbeat === null) {
    return [
      { place, cause: `is ${String(heartbeat)}`, fix: 'give { interval, timeout }, { silence }, or false' },
    ]
  }
  const given = heartbeat as Record<string, unknown>
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
  for (const name of ['message', 'isReply']) {
    if (given[name] !== undefined && typeof given[name] !== 'function') {
      mistakes.push({ place: `${place}.${name}`, cause: 'is no function', fix: `write ${name}: () => …` })
    }
  }
  return mistakes
}

function checkReconnect(reconnect: unknown): Mistake[] {
  const place = 'options.reconnect'
  if (reconnect === undefined || reconnect === false) return []
  if (typeof reconnect !== 'object' || reconnect === null) {
    return [
      {
        place,
        cause: `is ${String(reconnect)}`,
        fix: 'give an object, or false to end with the first failure',
      },
    ]
  }
  const given = reconnect as Record<string, unknown>
  const mistakes = [
    ...unknownNames(given, place, RECONNECT_NAMES),
    ...checkTimes(given, place, ['initialDelay', 'maxDelay', 'minUptime'], 0),
  ]
  const { initialDelay, maxDelay, maxAttempts, delays } = given
  if (typeof initialDelay === 'number' && typeof maxDelay === 'number' && initialDelay > maxDelay) {
    const cause = `has an initialDelay (${initialDelay}) above its maxDelay (${maxDelay})`
    mistakes.push({ place, cause, fix: 'raise maxDelay or lower initialDelay' })
  }
  const isCount = maxAttempts === undefined || maxAttempts === Infinity || Number.isSafeInteger(maxAttempts)
  if (!isCount || (maxAttempts as number) < 1) {
    const fix = 'give a whole number from 1; reconnect: false makes one try only'
    mistakes.push({ place: `${place}.maxAttempts`, cause: `is ${String(maxAttempts)}`, fix })
  }
  mistakes.push(...checkDelays(delays, `${place}.delays`))
  if (given['shouldReconnect'] !== undefined && typeof given['shouldReconnect'] !== 'function') {
    const fix = 'write shouldReconnect: (failure) => …'
    mistakes.push({ place: `${place}.shouldReconnect`, cause: 'is no function', fix })
  }
  if (delays !== undefined && (initialDelay !== undefined || maxDelay !== undefined)) {
    const cause = 'has delays, and initialDelay or maxDelay, which it replaces'
    mistakes.push({ place, cause, fix: 'keep delays or the others' })
  }
  return mistakes
}

function checkDelays(delays: unknown, place: string): Mistake[] {
  if (delays === undefined || typeof delays === 'function') return []
  const fix = 'list milliseconds, or write a function of the failures so far'
  if (!Array.isArray(delays)) return [{ place, cause: `is ${describeValue(delays)}`, fix }]
  if (delays.length > 0 && delays.every((delay) => checkTime(delay, '', 0).length === 0)) return []
  return [{ place, cause: 'is empty or has something that is no time', fix }]
}
