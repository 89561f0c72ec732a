import type { TcpNetConnectOpts } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ConnectionOptions as NodeTlsOptions } from 'node:tls'

/** Options for TLS. All except `fingerprint256` have the same meaning as in Node's `tls.connect`. Strings and bytes are PEM, except `pfx`. */
export interface TlsOptions {
  /** Certificates to trust instead of the authorities that Node knows, for example a company CA or a self-signed server certificate. */
  readonly ca?: NodeTlsOptions['ca'] | undefined
  /** Certificate of this client, followed by its intermediate certificates. Requires `key`. */
  readonly cert?: NodeTlsOptions['cert'] | undefined
  /** Private key of `cert`. */
  readonly key?: NodeTlsOptions['key'] | undefined
  /** Certificate and private key of this client in one PFX or PKCS #12 file, instead of `cert` and `key`. */
  readonly pfx?: NodeTlsOptions['pfx'] | undefined
  /** Passphrase of `key` or `pfx`. */
  readonly passphrase?: string | undefined
  /** Host name that the server's certificate must be valid for, also sent to the server (SNI). @default the host of the URL */
  readonly servername?: string | undefined
  /** Whether to verify the server's certificate. If you set this to `false`, pin the certificate with `fingerprint256`. @default true */
  readonly rejectUnauthorized?: boolean | undefined
  /** Lowest TLS version. @default 'TLSv1.2' */
  readonly minVersion?: NodeTlsOptions['minVersion'] | undefined
  /** Highest TLS version. @default 'TLSv1.3' */
  readonly maxVersion?: NodeTlsOptions['maxVersion'] | undefined
  /** Cipher suites in OpenSSL's format. @default those of Node.js */
  readonly ciphers?: string | undefined
  /** Compares the host name with the server's certificate. Returns an error if they do not match. @default `tls.checkServerIdentity` */
  readonly checkServerIdentity?: NodeTlsOptions['checkServerIdentity'] | undefined
  /**
   * SHA-256 fingerprints of the certificates that the server may present, in hexadecimal. Colons and case do not matter. Checked before the
   * request is sent, in addition to the usual verification, and also with `rejectUnauthorized: false`.
   */
  readonly fingerprint256?: string | readonly string[] | undefined
}

/** Server to connect to, as passed to `createConnection`. Can be passed to `net.connect` and `tls.connect`. */
export interface ConnectionTarget
  extends Omit<TcpNetConnectOpts, 'host'>, Omit<NodeTlsOptions, keyof TcpNetConnectOpts> {
  /** Host name or IP address. */
  readonly host: string
  /** Port number. */
  readonly port: number
  /** Path of the Unix socket, if the URL contains one. */
  readonly path?: string | undefined
}

/**
 * Returns the socket of an attempt, for example one that is already connected. It can also return a promise, or return nothing and pass the
 * socket to the callback. If the URL starts with `wss:` and the socket is not a `TLSSocket`, Holdfast
 * adds TLS to it.
 */
export type CreateConnection = (
  target: ConnectionTarget,
  callback: (error: Error | null, socket?: Duplex) => void,
) => Duplex | Promise<Duplex> | undefined
