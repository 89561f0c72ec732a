import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

/** A certificate and its key, in PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
  readonly name: string
  readonly privateKey: KeyObject
}

/** Properties of a certificate. By default, it is valid for localhost and 127.0.0.1 from yesterday until tomorrow. */
export interface CertificateFacts {
  readonly name?: string
  /** Signs the certificate; by default, it is self-signed. */
  readonly issuer?: Certificate
  readonly isAuthority?: boolean
  readonly hosts?: readonly string[]
  readonly from?: Date
  readonly until?: Date
  /** Number of bits of an RSA key; by default, the key is on an elliptic curve. */
  readonly rsaBits?: number
}

const DAY = 24 * 60 * 60 * 1_000

/** Creates a certificate (RFC 5280) while the test runs, so that none of them expires in the repository. */
export function makeCertificate(facts: CertificateFacts = {}): Certificate {
  const { rsaBits, issuer, name = 'localhost' } = facts
  const { publicKey, privateKey } = rsaBits
    ? generateKeyPairSync('rsa', { modulusLength: rsaBits })
    : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const signingKey = issuer?.privateKey ?? privateKey
  const algorithm =
    signingKey.asymmetricKeyType === 'rsa' ? sequence(SHA256_RSA, NULL) : sequence(SHA256_ECDSA)
  const body = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    // DER allows no leading zero that is not needed.
    integer(Buffer.concat([Buffer.of(1), randomBytes(7)])),
    algorithm,
    named(issuer?.name ?? name),
    sequence(time(facts.from ?? new Date(Date.now() - DAY)), time(facts.until ?? new Date(Date.now() + DAY))),
    named(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...extensions(facts))),
  )
  const certificate = sequence(body, algorithm, bits(sign('sha256', body, signingKey)))
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? []
  const cert = ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
  return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, name, privateKey }
}

function extensions({ isAuthority = false, hosts = ['localhost', '127.0.0.1'] }: CertificateFacts): Buffer[] {
  const names = hosts.map((host) =>
    /^[\d.]+$/.test(host)
      ? tagged(0x87, Buffer.from(host.split('.').map(Number)))
      : tagged(0x82, Buffer.from(host)),
  )
  const alternatives = sequence(ALTERNATIVE_NAMES, tagged(0x04, sequence(...names)))
  return isAuthority ? [sequence(BASIC_CONSTRAINTS, TRUE, tagged(0x04, sequence(TRUE)))] : [alternatives]
}

function tagged(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(contents)
  const { length } = body
  const lengths =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...lengths]), body])
}

function sequence(...contents: readonly Uint8Array[]): Buffer {
  return tagged(0x30, ...contents)
}

/** A positive integer: a zero precedes bytes that would make it negative. */
function integer(bytes: Buffer): Buffer {
  return tagged(0x02, Buffer.from((bytes[0] ?? 0) & 0x80 ? [0] : []), bytes)
}

function bits(bytes: Uint8Array): Buffer {
  return tagged(0x03, Buffer.from([0]), bytes)
}

function time(date: Date): Buffer {
  return tagged(0x18, Buffer.from(date.toISOString().replace(/[-:T]|[.]\d+/g, '')))
}

function named(name: string): Buffer {
  return sequence(tagged(0x31, sequence(COMMON_NAME, tagged(0x0c, Buffer.from(name)))))
}

const NULL = Buffer.from('0500', 'hex')
const TRUE = Buffer.from('0101ff', 'hex')
const SHA256_ECDSA = Buffer.from('06082a8648ce3d040302', 'hex')
const SHA256_RSA = Buffer.from('06092a864886f70d01010b', 'hex')
const COMMON_NAME = Buffer.from('0603550403', 'hex')
const ALTERNATIVE_NAMES = Buffer.from('0603551d11', 'hex')
const BASIC_CONSTRAINTS = Buffer.from('0603551d13', 'hex')
