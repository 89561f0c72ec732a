import type { Mistake } from '../errors/startup-error.js'
import { HEARTBEAT_DEFAULTS } from '../link/heartbeat.js'
import type {
  HeartbeatOption,
  HeartbeatOptions,
  HeartbeatSettings,
  SilenceOptions,
} from '../link/heartbeat.js'
import { mergeOptions } from './merge-options.js'
import { checkFunctions, checkTimes, isObject, shown, unknownNames } from './rules.js'

const TIMES = ['interval', 'timeout', 'silence']
const FUNCTIONS = ['message', 'isReply']

/** Finds what is wrong with a `heartbeat` option. */
export function checkHeartbeat(heartbeat: unknown, place: string): Mistake[] {
  if (heartbeat === false || heartbeat === 'ping') return []
  if (!isObject(heartbeat)) {
    const fix = "give 'ping', { interval, timeout }, { silence }, or false"
    return [{ place, cause: `is ${shown(heartbeat)}`, fix }]
  }
  const given = heartbeat
  const mistakes = [
    ...unknownNames(given, place, [...TIMES, ...FUNCTIONS]),
    ...checkTimes(given, place, TIMES, 1),
  ]
  const beats = ['interval', 'timeout', ...FUNCTIONS].filter((name) => given[name] !== undefined)
  if (given['silence'] !== undefined && beats.length > 0) {
    const cause = `has silence, which never sends, and ${beats.join(', ')}, which is about sending`
    mistakes.push({ place, cause, fix: 'keep silence to listen only, or the others to beat' })
  }
  if (given['isReply'] !== undefined && given['message'] === undefined) {
    mistakes.push({ place, cause: 'has isReply without message', fix: 'give the message that is replied to' })
  }
  return [...mistakes, ...checkFunctions(given, place, FUNCTIONS)]
}

/** Fills in the defaults. */
export function fillInHeartbeat(option: HeartbeatOption = 'ping'): HeartbeatSettings {
  if (option === false) return { style: 'off' }
  const { silence, interval, timeout, message, isReply }: Partial<SilenceOptions> & HeartbeatOptions =
    option === 'ping' ? {} : option
  if (silence !== undefined) return { style: 'silence', silence }
  const times = {
    interval: interval ?? HEARTBEAT_DEFAULTS.interval,
    timeout: timeout ?? HEARTBEAT_DEFAULTS.timeout,
  }
  if (!message) return { style: 'ping', ...times }
  return { style: 'message', ...times, message, isReply }
}

/**
 * Returns what `Heartbeat.configure` makes of present settings. Times alone keep the style that has them; anything else is read as the
 * option is.
 *
 * @throws TypeError when there is no such heartbeat, or the present style has no such time
 * @throws RangeError when a time is none
 */
export function changeHeartbeat(option: HeartbeatOption, present: HeartbeatSettings): HeartbeatSettings {
  const [mistake] = checkHeartbeat(option, 'heartbeat')
  if (mistake) {
    const { place, cause, fix } = mistake
    const isTime = TIMES.some((name) => place === `heartbeat.${name}`)
    const message = `Cannot configure the heartbeat: ${place} ${cause}. To fix it, ${fix}`
    throw isTime ? new RangeError(message) : new TypeError(message)
  }
  if (!isObject(option)) return fillInHeartbeat(option)
  const given = mergeOptions<HeartbeatOption & object>(option)
  const names = Object.keys(given)
  if (names.every((name) => name in present && TIMES.includes(name))) return { ...present, ...given }
  const [only] = names
  if (names.length === 1 && (only === 'interval' || only === 'timeout')) {
    throw new TypeError(
      `Cannot set ${only} for heartbeat style '${present.style}'. Pass { interval, timeout } to begin with pings`,
    )
  }
  return fillInHeartbeat(given)
}
