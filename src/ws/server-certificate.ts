import type { ClientRequest } from 'node:http'
import type { Duplex } from 'node:stream'
import type { PeerCertificate, TLSSocket } from 'node:tls'

/** The server's certificate, as seen by one attempt: keeps it for error messages, and compares it with the pins. */
export class ServerCertificate {
  #certificate: PeerCertificate | undefined

  /** The certificate that the server presented, whether or not it was accepted; `undefined` if it presented none. */
  get certificate(): PeerCertificate | undefined {
    return this.#certificate
  }

  /**
   * Sends the request. With pins, sends nothing until the server has presented a certificate that is pinned and has passed all other checks
   * of TLS. Fails the request if the certificate is not pinned.
   */
  send(request: ClientRequest, pins: string | readonly string[] | undefined): void {
    request.once('socket', (socket: Duplex) => {
      if (isTls(socket)) this.#keep(socket)
      if (pins === undefined) return
      whenSecure(socket, () => {
        const problem = findMismatch(socket, pins)
        if (problem === undefined) request.end()
        else request.destroy(Object.assign(new Error(problem), { code: 'CERT_FINGERPRINT_MISMATCH' }))
      })
    })
    if (pins === undefined) request.end()
  }

  /** Keeps the certificate before Node verifies it, because a socket whose certificate is rejected no longer has it. */
  #keep(socket: TLSSocket): void {
    socket.prependOnceListener('secure', () => {
      this.#certificate = presentedBy(socket)
    })
  }
}

/** Sockets of other packages and runtimes need not be instances of Node's class. */
function isTls(socket: Duplex): socket is TLSSocket {
  return typeof (socket as Partial<TLSSocket>).getPeerCertificate === 'function'
}

/** Calls back once TLS is established and Node has verified the certificate. Calls back immediately if that has happened, or never will. */
function whenSecure(socket: Duplex, callback: () => void): void {
  // An agent can reuse a socket, and a createConnection function can return one that is already connected, also with a resumed session.
  if (!isTls(socket) || presentedBy(socket) || socket.isSessionReused()) callback()
  else socket.once('secureConnect', callback)
}

function presentedBy(socket: TLSSocket): PeerCertificate | undefined {
  const certificate = socket.getPeerCertificate() as PeerCertificate | null
  return certificate?.fingerprint256 === undefined ? undefined : certificate
}

/** Returns why the request must not be sent, or `undefined` if the certificate is pinned. */
function findMismatch(socket: Duplex, pins: string | readonly string[]): string | undefined {
  const presented = isTls(socket) ? presentedBy(socket) : undefined
  if (!presented)
    return 'tls.fingerprint256 is set, but the socket has no certificate to compare, because it does not use TLS or resumes a session. Nothing was sent. Return a new TLS socket from createConnection, or remove the pin'
  const pinned = (typeof pins === 'string' ? [pins] : pins).map(normalized)
  if (pinned.includes(normalized(presented.fingerprint256))) return undefined
  return `the fingerprint of the server's certificate is not in tls.fingerprint256. Nothing was sent. If the server has a new certificate, add '${presented.fingerprint256}'`
}

function normalized(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toUpperCase()
}
