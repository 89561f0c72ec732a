import { capitalized } from '../core/error-text.js'
import type { Mistake } from '../errors/startup-error.js'
import { DEFAULT_TEXT_REPLY, HEARTBEAT_DEFAULTS } from '../link/heartbeat.js'
import type {
  HeartbeatOption,
  HeartbeatOptions,
  HeartbeatSettings,
  SilenceOptions,
  TextHeartbeatOptions,
} from '../link/heartbeat.js'
import { mergeOptions } from './merge-options.js'
import { checkFunctions, checkTimes, isObject, isString, shown, unknownNames } from './rules.js'

const TIMES = ['interval', 'timeout', 'silence']
const FUNCTIONS = ['message', 'isReply']
const TEXTS = ['text', 'reply']

/** Validates a `heartbeat` option and returns the problems found. */
export function checkHeartbeat(heartbeat: unknown, place: string): Mistake[] {
  if (heartbeat === false || heartbeat === 'ping') return []
  if (!isObject(heartbeat)) {
    const fix = "use 'ping', { interval, timeout }, { text, reply }, { silence }, or false"
    return [{ place, cause: `expected 'ping', an object, or false, received ${shown(heartbeat)}`, fix }]
  }
  const given = heartbeat
  const mistakes = [
    ...unknownNames(given, place, [...TIMES, ...FUNCTIONS, ...TEXTS]),
    ...checkTimes(given, place, TIMES, 1),
  ]
  const beats = ['interval', 'timeout', ...FUNCTIONS, ...TEXTS].filter((name) => given[name] !== undefined)
  if (given['silence'] !== undefined && beats.length > 0) {
    const cause = `silence cannot be combined with ${beats.join(', ')}`
    mistakes.push({ place, cause, fix: 'keep silence to listen only, or remove it' })
  }
  if (given['isReply'] !== undefined && given['message'] === undefined) {
    mistakes.push({ place, cause: 'isReply requires message', fix: 'add message: () => …' })
  }
  mistakes.push(...checkTexts(given, place))
  return [...mistakes, ...checkFunctions(given, place, FUNCTIONS)]
}

/** Validates the `text` and `reply` of a heartbeat and returns the problems found. */
function checkTexts(given: Readonly<Record<string, unknown>>, place: string): Mistake[] {
  const mistakes = TEXTS.filter((name) => given[name] !== undefined && !isString(given[name])).map(
    (name) => ({
      place: `${place}.${name}`,
      cause: `expected a string, received ${shown(given[name])}`,
      fix: `use ${name}: '…'`,
    }),
  )
  const functions = FUNCTIONS.filter((name) => given[name] !== undefined)
  if (given['text'] === undefined) {
    if (given['reply'] === undefined) return mistakes
    return [...mistakes, { place, cause: '"reply" requires "text"', fix: "add text: '…'" }]
  }
  if (functions.length === 0) return mistakes
  const cause = `"text" cannot be combined with ${functions.map((name) => `"${name}"`).join(' and ')}`
  return [
    ...mistakes,
    { place, cause, fix: 'keep "text" and "reply" to send plain text, or keep "message" and "isReply"' },
  ]
}

export function fillInHeartbeat(option: HeartbeatOption = 'ping'): HeartbeatSettings {
  if (option === false) return { style: 'off' }
  const { silence, interval, timeout, message, isReply, text, reply }: AnyHeartbeat =
    option === 'ping' ? {} : option
  if (silence !== undefined) return { style: 'silence', silence }
  const times = {
    interval: interval ?? HEARTBEAT_DEFAULTS.interval,
    timeout: timeout ?? HEARTBEAT_DEFAULTS.timeout,
  }
  if (text !== undefined) return { style: 'text', ...times, text, reply: reply ?? DEFAULT_TEXT_REPLY }
  if (!message) return { style: 'ping', ...times }
  return { style: 'message', ...times, message, isReply }
}

type AnyHeartbeat = Partial<SilenceOptions> & HeartbeatOptions & Partial<TextHeartbeatOptions>

/**
 * Returns the settings after `Heartbeat.configure`. If the option contains only times that the current heartbeat style supports, the style
 * is kept. Anything else is read like the `heartbeat` option.
 *
 * @throws TypeError if the option is invalid, or if the current style does not support the given time
 * @throws RangeError if a time is invalid
 */
export function changeHeartbeat(option: HeartbeatOption, present: HeartbeatSettings): HeartbeatSettings {
  const [mistake] = checkHeartbeat(option, 'heartbeat')
  if (mistake) {
    const { place, cause, fix } = mistake
    const isTime = TIMES.some((name) => place === `heartbeat.${name}`)
    const message = `Invalid ${place}: ${cause}. ${capitalized(fix)}`
    throw isTime ? new RangeError(message) : new TypeError(message)
  }
  if (!isObject(option)) return fillInHeartbeat(option)
  const given = mergeOptions<HeartbeatOption & object>(option)
  const names = Object.keys(given)
  if (names.every((name) => name in present && TIMES.includes(name))) return { ...present, ...given }
  const [only] = names
  if (names.length === 1 && (only === 'interval' || only === 'timeout')) {
    throw new TypeError(
      `Cannot set ${only} for heartbeat style "${present.style}". Pass { interval, timeout }`,
    )
  }
  return fillInHeartbeat(given)
}
