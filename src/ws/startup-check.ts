import { X509Certificate, createPrivateKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import type { SecureContext, SecureContextOptions } from 'node:tls'
import { capitalized, reasonOf } from '../core/error-text.js'
import { ConnectOptionError } from '../errors/connection-errors.js'
import type { Mistake } from '../errors/startup-error.js'
import type { TlsOptions } from '../transports/socket-options.js'
import { findMissingPackage } from '../proxy/proxy-tunnel.js'
import type { SocketOptions } from '../transports/transport.js'

const FILE = "pass the contents of a PEM file: readFileSync('….pem')"
const PASSPHRASE = 'add the correct passphrase: tls: { passphrase }'

/**
 * Finds start-up mistakes in the contents of certificates and keys, and packages that are not installed. No mistake shows a key, a
 * passphrase or credentials.
 */
export async function checkSocket({ tls, proxy }: SocketOptions): Promise<readonly Mistake[]> {
  const found = tls ? findContentMistakes(tls, 'options.tls') : []
  const missing = proxy ? await findMissingPackage(proxy) : undefined
  return missing ? [...found, { place: 'options.proxy', ...missing }] : found
}

/** TLS options that a context consists of. */
type ContextOptions = Omit<
  TlsOptions,
  'servername' | 'rejectUnauthorized' | 'checkServerIdentity' | 'fingerprint256'
>

/**
 * Contexts by their options. perf: all connections of a class share the options, and parsing the certificates takes longer than all other
 * steps of an attempt on this side.
 */
const contexts = new WeakMap<TlsOptions, SecureContext>()

/**
 * Returns the certificates and keys of an attempt, parsed.
 *
 * @throws ConnectOptionError if they cannot be used, which is possible if a `tls` function has returned them
 */
export function secureContextOf(tls: TlsOptions): SecureContext {
  const known = contexts.get(tls)
  if (known) return known
  const [mistake] = findContentMistakes(tls, 'tls')
  if (mistake) {
    const { place, cause, fix } = mistake
    throw new ConnectOptionError('tls', new TypeError(`${place}: ${cause}. ${capitalized(fix)}`), true)
  }
  const context = createSecureContext(contextOptions(tls))
  contexts.set(tls, context)
  return context
}

/** Returns the options of a context. None of them is `undefined`, because Node does not treat that as unset everywhere. */
function contextOptions(tls: TlsOptions): SecureContextOptions {
  const { ca, cert, key, pfx, passphrase, minVersion, maxVersion, ciphers } = tls
  const all: Readonly<Record<keyof ContextOptions, unknown>> = {
    ca,
    cert,
    key,
    pfx,
    passphrase,
    minVersion,
    maxVersion,
    ciphers,
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

function findContentMistakes(tls: TlsOptions, place: string): Mistake[] {
  const mistakes = [...certificateMistakes(tls, place), ...keyMistakes(tls, place)]
  if (mistakes.length > 0) return mistakes
  try {
    createSecureContext(contextOptions(tls))
    return []
  } catch (thrown) {
    return [contextMistake(tls, place, thrown as NodeJS.ErrnoException)]
  }
}

/** Describes why Node refused the options. */
function contextMistake({ pfx, ciphers }: TlsOptions, place: string, thrown: NodeJS.ErrnoException): Mistake {
  const { code = '' } = thrown
  const reason = (thrown as { reason?: string }).reason ?? reasonOf(thrown)
  if (code === 'ERR_SSL_NO_CIPHER_MATCH') {
    const cause = `OpenSSL knows none of the ciphers in ${JSON.stringify(ciphers)}`
    return { place: `${place}.ciphers`, cause, fix: 'use names from tls.getCiphers(), in uppercase' }
  }
  if (pfx !== undefined && /mac verify/i.test(reason))
    return { place: `${place}.pfx`, cause: 'the passphrase is missing or wrong', fix: PASSPHRASE }
  if (pfx !== undefined) {
    const fix = "pass the contents of a PFX file as bytes: readFileSync('….pfx')"
    return { place: `${place}.pfx`, cause: `cannot be read as PFX (${reason})`, fix }
  }
  return {
    place,
    cause: `cannot be used (${reason})`,
    fix: 'correct the certificate, the key, or the versions',
  }
}

/** Finds a `ca` or `cert` without a certificate. Node ignores such a `ca`, and then trusts no server. */
function certificateMistakes(tls: TlsOptions, place: string): Mistake[] {
  return (['ca', 'cert'] as const).flatMap((name) => {
    const isReadable = listOf(tls[name]).every((each) => certificateIn(each) !== undefined)
    return isReadable ? [] : [{ place: `${place}.${name}`, cause: 'contains no PEM certificate', fix: FILE }]
  })
}

type Contents = string | NodeJS.ArrayBufferView

function listOf<T>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value as T]
}

function textOf(contents: Contents): string {
  if (typeof contents === 'string') return contents
  return Buffer.from(contents.buffer, contents.byteOffset, contents.byteLength).toString('latin1')
}

/** Returns the first certificate in PEM text. */
function certificateIn(contents: Contents): X509Certificate | undefined {
  const text = textOf(contents)
  const start = text.indexOf('-----BEGIN ')
  try {
    return start < 0 ? undefined : new X509Certificate(text.slice(start))
  } catch {
    return undefined
  }
}

/** Finds keys that cannot be read, and keys that do not belong to a certificate. Node does not always notice these before it connects. */
function keyMistakes(tls: TlsOptions, place: string): Mistake[] {
  const keys: KeyObject[] = []
  for (const each of listOf(tls.key)) {
    const { pem, passphrase = tls.passphrase } = isContents(each) ? { pem: each } : each
    const key = readKey(pem, passphrase)
    if (key instanceof Error) return [keyMistake(`${place}.key`, textOf(pem), key)]
    keys.push(key)
  }
  const certificates = listOf(tls.cert).flatMap((each) => certificateIn(each) ?? [])
  if (keys.length === 0 || certificates.every((each) => keys.some((key) => each.checkPrivateKey(key))))
    return []
  const fix = 'pass the key that the certificate was issued for; cert must start with the client certificate'
  return [{ place: `${place}.key`, cause: 'does not match the certificate in cert', fix }]
}

function isContents(value: unknown): value is Contents {
  return typeof value === 'string' || ArrayBuffer.isView(value)
}

function readKey(pem: Contents, passphrase: string | undefined): KeyObject | Error {
  try {
    return createPrivateKey({ key: textOf(pem), ...(passphrase !== undefined && { passphrase }) })
  } catch (thrown) {
    return thrown as Error
  }
}

function keyMistake(place: string, text: string, error: Error): Mistake {
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text))
    return { place, cause: 'contains no PEM private key', fix: FILE }
  const isEncrypted = /ENCRYPTED/.test(text)
  if (isEncrypted) return { place, cause: 'the passphrase is missing or wrong', fix: PASSPHRASE }
  const { reason = 'unknown format' } = error as { reason?: string }
  return { place, cause: `cannot be read (${reason})`, fix: FILE }
}
