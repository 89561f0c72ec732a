import type { PeerCertificate } from 'node:tls'
import { excerptOf } from '../core/error-text.js'
import type { TlsOptions } from '../transports/socket-options.js'

/** Maximum number of characters shown of the names in a certificate. */
const NAMES_SHOWN = 200

/** A TLS handshake that failed. */
export interface TlsFailure {
  readonly cause: TlsError
  /** Certificate that the server presented, if the handshake reached that point. */
  readonly certificate: PeerCertificate | undefined
  readonly tls: TlsOptions | undefined
  /** Current time in milliseconds since the epoch. */
  readonly now: number
}

/** An error from Node or OpenSSL. */
export interface TlsError extends Error {
  readonly code?: string | undefined
  /** Reason from OpenSSL. */
  readonly reason?: string | undefined
  /** Host name that the certificate is not valid for. */
  readonly host?: string | undefined
}

const COMPANY_CA =
  "Node.js does not know the CA that signed the server's certificate. Pass the CA's certificate as tls: { ca }, or set NODE_EXTRA_CA_CERTS before the process starts"
const INTERMEDIATE = '. If a public CA signed it, the server does not send its intermediate certificates'
const CLIENT_CERTIFICATE = 'Pass one as tls: { cert, key } or tls: { pfx, passphrase }'

type Explain = (failure: TlsFailure) => string

/**
 * Explanations by error code, or by OpenSSL's reason in the form of a code, because Node reports some errors only as `EPROTO`. The names of
 * alerts depend on the version of OpenSSL.
 */
const EXPLANATIONS: readonly (readonly [RegExp, Explain])[] = [
  [/^UNABLE_TO_VERIFY_LEAF_SIGNATURE$/, ({ cause }) => `${shortReason(cause)}. ${COMPANY_CA}${INTERMEDIATE}`],
  [
    /^(UNABLE_TO_GET_ISSUER_CERT|SELF_SIGNED_CERT_IN_CHAIN)/,
    ({ cause }) => `${shortReason(cause)}. ${COMPANY_CA}`,
  ],
  [/^DEPTH_ZERO_SELF_SIGNED_CERT$/, explainSelfSigned],
  [/^ERR_TLS_CERT_ALTNAME_INVALID$|^HOSTNAME_MISMATCH$/, explainName],
  [/^CERT_HAS_EXPIRED$/, explainExpired],
  [/^CERT_NOT_YET_VALID$/, explainNotYetValid],
  [/^CERT_REVOKED$/, () => "the CA has revoked the server's certificate. The server needs a new one"],
  [/TOO_(SMALL|WEAK)/, explainWeak],
  [/CERTIFICATE_REQUIRED/, () => `the server requires a client certificate. ${CLIENT_CERTIFICATE}`],
  [/ALERT_UNKNOWN_CA|ALERT_(BAD_|UNSUPPORTED_)?CERTIFICATE|ALERT_ACCESS_DENIED/, explainRefused],
  [/ALERT_HANDSHAKE_FAILURE/, explainHandshakeFailure],
  [/UNSUPPORTED_PROTOCOL|ALERT_PROTOCOL_VERSION|WRONG_SSL_VERSION/, explainVersion],
  [/^(ECONNRESET|EPIPE)$/, explainReset],
]

/** Returns why TLS failed and how to fix it; `undefined` if the reason is unknown. */
export function explainTlsFailure(failure: TlsFailure): string | undefined {
  const { code = '' } = failure.cause
  const codes = [code, shortReason(failure.cause).replaceAll(' ', '_').toUpperCase()]
  return EXPLANATIONS.find(([pattern]) => codes.some((each) => pattern.test(each)))?.[1](failure)
}

/** Returns OpenSSL's reason. Its messages also contain a path in its source code. */
function shortReason({ code = '', reason, message }: TlsError): string {
  const [, found] = /:SSL routines:[^:]*:([^:]+)/.exec(message) ?? []
  return (found ?? (code.startsWith('ERR_SSL_') ? reason : undefined) ?? message).trimEnd()
}

function explainSelfSigned({ cause, certificate }: TlsFailure): string {
  const fingerprint = certificate ? `'${certificate.fingerprint256}'` : '…'
  return `${shortReason(cause)}. If you trust this server, pass its certificate as tls: { ca }, or pin it: tls: { rejectUnauthorized: false, fingerprint256: ${fingerprint} }`
}

function explainName({ cause, certificate }: TlsFailure): string {
  const names = namesOf(certificate)
  const host = cause.host === undefined ? 'this host' : `the host ${cause.host}`
  const others = names === '' ? '' : `, only for ${excerptOf(names, NAMES_SHOWN)}`
  return `the server's certificate is not valid for ${host}${others}. Connect to a host that it is valid for, or pass that name as tls: { servername }`
}

/** Returns the names of a certificate without their types: `DNS:a, IP Address:127.0.0.1`. */
function namesOf(certificate: PeerCertificate | undefined): string {
  const { subjectaltname, subject } = certificate ?? {}
  const common = subject?.CN as string | readonly string[] | undefined
  return subjectaltname?.replace(/(^|, )(DNS|IP Address|URI|email):/g, '$1') ?? String(common ?? '')
}

function explainExpired({ certificate, now }: TlsFailure): string {
  const until = Date.parse(certificate?.valid_to ?? '')
  // The expired certificate can also be an intermediate one.
  const which =
    until < now
      ? `the server's certificate expired on ${dayOf(until)}`
      : 'a certificate of the server has expired'
  return `${which}. The server must renew it. If the date is in the future, correct this machine's clock`
}

function explainNotYetValid({ certificate, now }: TlsFailure): string {
  const from = Date.parse(certificate?.valid_from ?? '')
  const since = from > now ? ` before ${dayOf(from)}` : ''
  return `the server's certificate is not valid${since || ' yet'}. Check this machine's clock`
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 'YYYY-MM-DD'.length)
}

function explainWeak({ cause }: TlsFailure): string {
  return `${shortReason(cause)}. The key or the signature of the server's certificate is too weak for this version of OpenSSL. The server needs a new certificate`
}

function hasClientCertificate(tls: TlsOptions | undefined): boolean {
  return tls?.cert !== undefined || tls?.pfx !== undefined
}

function explainRefused({ cause, tls }: TlsFailure): string {
  const reason = shortReason(cause)
  if (!hasClientCertificate(tls))
    return `the server requires a client certificate (${reason}). ${CLIENT_CERTIFICATE}`
  const fix = /unknown ca/i.test(reason)
    ? 'The server does not know the CA that signed it. Append its intermediate certificates to tls.cert'
    : 'Pass a certificate that the server accepts as tls: { cert, key }'
  return `the server rejected the client certificate (${reason}). ${fix}`
}

function explainHandshakeFailure({ cause, tls }: TlsFailure): string {
  const certificate = hasClientCertificate(tls)
    ? 'The server may not accept the client certificate'
    : 'The server may require a client certificate: tls: { cert, key }'
  return `${shortReason(cause)}. ${certificate}. Otherwise, no cipher or TLS version is common to both sides: compare tls.ciphers and tls.minVersion`
}

function explainVersion({ cause }: TlsFailure): string {
  return `${shortReason(cause)}. The server does not support any TLS version from tls.minVersion to tls.maxVersion. Change these options, or update the server`
}

/** Many servers close the socket without an alert if the client certificate is missing or not accepted. */
function explainReset({ cause, tls }: TlsFailure): string {
  const advice = hasClientCertificate(tls)
    ? 'The server may not accept the client certificate'
    : 'If the server requires a client certificate, pass tls: { cert, key }'
  return `${shortReason(cause)}. ${advice}`
}
