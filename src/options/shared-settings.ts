import type { ConnectionOptions } from './options.js'
import type { ClientSettings } from './fill-in.js'
import type { Class } from '../core/token.js'

/** Groups that are copied when their defaults are filled in, so that they must be compared by content. */
const GROUPS: readonly string[] = [
  'concurrency',
  'heartbeat',
  'outbox',
  'periodic',
  'reconnect',
  'requests',
  'subscriptions',
  'tls',
]

interface Known {
  readonly options: ConnectionOptions
  readonly settings: ClientSettings
}

/** Options and settings of the last client of each class. */
const known = new WeakMap<Class, Known>()

/**
 * Returns the settings of a class's last client if the options are the same. These settings have already been validated, and thousands of
 * connections with the same class and options can share one object.
 */
export function knownSettings(target: Class, options: ConnectionOptions): ClientSettings | undefined {
  const last = known.get(target)
  return last && isSame(last.options, options) ? last.settings : undefined
}

/** Keeps the settings of valid options for the next client of the class. */
export function keepSettings(target: Class, options: ConnectionOptions, settings: ClientSettings): void {
  const copied = Object.entries(options).map(([name, value]: [string, unknown]) => [
    name,
    isGroup(name, value) ? { ...value } : value,
  ])
  known.set(target, { options: Object.fromEntries(copied) as ConnectionOptions, settings })
}

function isSame(these: object, those: object): boolean {
  const names = Object.keys(these)
  if (names.length !== Object.keys(those).length) return false
  return names.every((name) => {
    const one: unknown = these[name as keyof typeof these]
    const other: unknown = those[name as keyof typeof those]
    return Object.is(one, other) || (isGroup(name, one) && isGroup(name, other) && isSame(one, other))
  })
}

function isGroup(name: string, value: unknown): value is object {
  return GROUPS.includes(name) && typeof value === 'object' && value !== null
}
