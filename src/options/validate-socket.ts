import { TLS_NAMES, findTlsMistakes } from '../attempt/tls-fields.js'
import type { Mistake } from '../errors/startup-error.js'
import type { ConnectionOptions } from './options.js'
import {
  checkFlag,
  checkTime,
  hasMethods,
  isFunction,
  isObject,
  isString,
  shapeCheck,
  unknownNames,
} from './rules.js'
import type { Check } from './rules.js'

/** Pairs of options that cannot work together: each of them decides where the socket comes from. */
const CONFLICTS = [
  ['agent', 'createConnection'],
  ['agent', 'socketPath'],
  ['createConnection', 'socketPath'],
  ['proxy', 'agent'],
  ['proxy', 'createConnection'],
  ['proxy', 'socketPath'],
] as const satisfies readonly (readonly (keyof ConnectionOptions)[])[]

/** Options that cannot work with a URL that contains the path of a Unix socket. */
const NOT_WITH_UNIX_URL = [
  'agent',
  'proxy',
  'socketPath',
] as const satisfies readonly (keyof ConnectionOptions)[]

/** Shortest delay of `tcpKeepAlive` in milliseconds. Operating systems count in seconds. */
const SHORTEST_KEEP_ALIVE = 1_000

/** Matches an IP address. Anything with a colon is left to Node, because IPv6 addresses have many forms. */
const IP_ADDRESS = /^\d+([.]\d+){3}$|:/

/** Validates a `tls` option and returns the problems found. If it is a function, its result is validated on every call. */
function checkTls(tls: unknown, place: string): Mistake[] {
  if (isFunction(tls)) return []
  const unknown = isObject(tls) ? unknownNames(tls, place, TLS_NAMES) : []
  const known = isObject(tls)
    ? Object.fromEntries(Object.entries(tls).filter(([name]) => TLS_NAMES.includes(name)))
    : tls
  const mistakes = findTlsMistakes(Array.isArray(tls) ? tls : known)
  return [...unknown, ...mistakes.map((mistake) => ({ ...mistake, place: place + mistake.place }))]
}

/** Checks of the socket's options, by name. */
export const SOCKET_CHECKS = [
  ['tls', checkTls],
  [
    'agent',
    shapeCheck(
      (value) => hasMethods(value, 'createConnection', 'destroy'),
      'an agent',
      'use an http.Agent, or an https.Agent for wss://',
    ),
  ],
  [
    'socketPath',
    shapeCheck((value) => isString(value) && value !== '', 'a path', "use a path such as '/run/app.sock'"),
  ],
  ['createConnection', shapeCheck(isFunction, 'a function', 'use createConnection: () => socket')],
  [
    'localAddress',
    shapeCheck(
      (value) => isString(value) && IP_ADDRESS.test(value),
      'an IP address',
      "use an address of this machine such as '192.0.2.7'",
    ),
  ],
  [
    'family',
    shapeCheck((value) => value === 4 || value === 6, '4 or 6', 'use 4 or 6, or remove it for either'),
  ],
  ['lookup', shapeCheck(isFunction, 'a function', 'use a function such as dns.lookup')],
  [
    'tcpKeepAlive',
    (value, place) => (typeof value === 'boolean' ? [] : checkTime(value, place, SHORTEST_KEEP_ALIVE)),
  ],
  ['tcpNoDelay', checkFlag],
] as const satisfies readonly (readonly [keyof ConnectionOptions, Check])[]

/** Reports options that exclude each other. */
export function checkSocketTogether(options: ConnectionOptions): Mistake[] {
  const isSet = (name: keyof ConnectionOptions): boolean =>
    options[name] !== undefined && (options[name] as unknown) !== false
  const conflicts = CONFLICTS.filter((pair) => pair.every(isSet)).map(([one, other]) => {
    const cause = `${one} cannot be combined with ${other}, because both decide how to connect`
    return { place: 'options', cause, fix: `remove ${one} or ${other}` }
  })
  const scheme = typeof options.url === 'function' ? '' : String(options.url ?? '').replace(/:.*/s, '')
  if (scheme === 'wss' && isPlainAgent(options.agent)) {
    const cause = 'an http.Agent cannot create the sockets for a wss:// URL'
    conflicts.push({ place: 'options.agent', cause, fix: 'use an https.Agent' })
  }
  if (scheme !== 'ws+unix') return conflicts
  const excluded = NOT_WITH_UNIX_URL.filter(isSet).map((name) => {
    const cause = `${name} cannot be combined with a ws+unix: URL`
    return { place: `options.${name}`, cause, fix: `remove ${name}, or use a ws:// URL` }
  })
  return [...conflicts, ...excluded]
}

/** Returns true for an agent whose protocol is always HTTP. The agents of other packages determine it on each request. */
function isPlainAgent(agent: object | undefined): boolean {
  return (
    agent !== undefined &&
    Object.hasOwn(agent, 'protocol') &&
    (agent as { protocol?: unknown }).protocol === 'http:'
  )
}
