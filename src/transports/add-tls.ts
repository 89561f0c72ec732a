import { isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'

/** Server that a request over TLS is for, as Node describes it. */
export interface TlsTarget extends Omit<ConnectionOptions, 'port'> {
  readonly host: string
  /** A string if the URL contains the port. */
  readonly port: number | string
}

/** Returns the host name for SNI. IP addresses are not allowed there (RFC 6066, section 3). */
export function servernameOf({ servername, host }: Pick<TlsTarget, 'servername' | 'host'>): string {
  return servername ?? (isIP(host) === 0 ? host : '')
}

/** Adds TLS to a stream that leads to a server. */
export function addTls(stream: Duplex, target: TlsTarget): TLSSocket {
  const port = Number(target.port)
  const secure = connect({
    ...target,
    port,
    path: undefined,
    socket: stream,
    servername: servernameOf(target),
  })
  stream.on('error', (error) => secure.destroy(error))
  return secure
}
