import { describeValue } from '../core/describe-value.js'
import type { TlsOptions } from '../transports/socket-options.js'
import type { FieldMistake } from './request-fields.js'

/** A rule for one member of `tls`. */
interface MemberRule {
  readonly expected: string
  readonly fix: string
  readonly fits: (value: unknown) => boolean
}

const VERSIONS: readonly unknown[] = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']

/** SHA-256 fingerprint: 32 bytes in hexadecimal, with or without colons. */
const FINGERPRINT = /^[\da-f]{2}(:?[\da-f]{2}){31}$/i

const PEM: MemberRule = {
  expected: 'a string, bytes, or a list of these',
  fix: "pass the contents of a file: readFileSync('….pem')",
  fits: isListOf((value) => isContents(value) || isContentsIn(value, 'pem')),
}
const TEXT: MemberRule = { expected: 'a string', fix: 'use a string', fits: isText }
const VERSION: MemberRule = {
  expected: 'a TLS version',
  fix: "use 'TLSv1.2' or 'TLSv1.3'",
  fits: (value) => VERSIONS.includes(value),
}

/** Members of `tls`, and what each of them can be. */
const RULES: Readonly<Record<keyof TlsOptions, MemberRule>> = {
  ca: { ...PEM, fits: isListOf(isContents) },
  cert: { ...PEM, fits: isListOf(isContents) },
  key: PEM,
  pfx: {
    ...PEM,
    fix: "pass the contents of a file: readFileSync('….pfx')",
    fits: isListOf((value) => isContents(value) || isContentsIn(value, 'buf')),
  },
  passphrase: TEXT,
  servername: TEXT,
  rejectUnauthorized: {
    expected: 'a boolean',
    fix: 'use true or false',
    fits: (value) => typeof value === 'boolean',
  },
  minVersion: VERSION,
  maxVersion: VERSION,
  ciphers: TEXT,
  checkServerIdentity: {
    expected: 'a function',
    fix: 'use checkServerIdentity: (host, certificate) => …',
    fits: (value) => typeof value === 'function',
  },
  fingerprint256: {
    expected: 'SHA-256 fingerprints: 32 bytes in hexadecimal each',
    fix: "use fingerprint256: '5E:01:…', as printed by openssl x509 -noout -fingerprint -sha256 -in cert.pem",
    fits: (value) =>
      isListOf((each) => typeof each === 'string' && FINGERPRINT.test(each))(value) &&
      !(Array.isArray(value) && value.length === 0),
  },
}

export const TLS_NAMES: readonly string[] = Object.keys(RULES)

/**
 * Validates options for TLS, except for the contents of certificates and keys. Returns the problems found, without the values, which can be
 * keys.
 */
export function findTlsMistakes(tls: unknown): FieldMistake[] {
  if (typeof tls !== 'object' || tls === null || Array.isArray(tls)) {
    const fix = "use an object such as { ca: readFileSync('ca.pem') }, or a function that returns one"
    return [{ place: '', cause: `expected an object, received ${describeValue(tls)}`, fix }]
  }
  const mistakes = Object.entries(tls).flatMap(([name, value]) => memberMistakes(name, value))
  return mistakes.length > 0 ? mistakes : combinationMistakes(tls)
}

function memberMistakes(name: string, value: unknown): FieldMistake[] {
  const place = `.${name}`
  if (!Object.hasOwn(RULES, name)) {
    const fix = `use one of these: ${TLS_NAMES.join(', ')}`
    return [{ place, cause: 'unknown option', fix }]
  }
  const { expected, fix, fits } = RULES[name as keyof TlsOptions]
  if (value === undefined || fits(value)) return []
  const received = name === 'fingerprint256' && isText(value) ? 'another string' : describeValue(value)
  return [{ place, cause: `expected ${expected}, received ${received}`, fix }]
}

function combinationMistakes({ cert, key, pfx, minVersion, maxVersion }: TlsOptions): FieldMistake[] {
  const mistakes: FieldMistake[] = []
  if (cert !== undefined && key === undefined && pfx === undefined)
    mistakes.push({ place: '.cert', cause: 'a client certificate requires its private key', fix: 'add key' })
  if (key !== undefined && cert === undefined && pfx === undefined)
    mistakes.push({ place: '.key', cause: 'a private key requires its certificate', fix: 'add cert' })
  if (minVersion && maxVersion && VERSIONS.indexOf(minVersion) > VERSIONS.indexOf(maxVersion)) {
    const cause = `minVersion (${minVersion}) exceeds maxVersion (${maxVersion})`
    mistakes.push({ place: '', cause, fix: 'lower minVersion or raise maxVersion' })
  }
  return mistakes
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isContents(value: unknown): boolean {
  return typeof value === 'string' || ArrayBuffer.isView(value)
}

/** Returns true for contents with a separate passphrase, such as `{ pem, passphrase }`. */
function isContentsIn(value: unknown, name: string): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    isContents((value as Readonly<Record<string, unknown>>)[name])
  )
}

function isListOf(fits: (value: unknown) => boolean): (value: unknown) => boolean {
  return (value) => (Array.isArray(value) ? value.every(fits) : fits(value))
}
