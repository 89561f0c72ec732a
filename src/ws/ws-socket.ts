import { Socket, connect as connectPlain } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { describeValue } from '../core/describe-value.js'
import { toError } from '../core/error-text.js'
import { ignore, isThenable } from '../core/thenable.js'
import { ConnectOptionError } from '../errors/connection-errors.js'
import { addTls, servernameOf } from '../transports/add-tls.js'
import type { ConnectionTarget, CreateConnection, TlsOptions } from '../transports/socket-options.js'
import type { SocketOptions, TransportRequest } from '../transports/transport.js'
import { secureContextOf } from './startup-check.js'

type OnCreate = (error: Error | null, socket?: Duplex) => void

/** Options that Node passes when it connects a request. `ws` sets the port to a string. */
type RequestTarget = Omit<ConnectionTarget, 'port'> & { readonly port: number | string }

/** Node's `createConnection` option of a request. */
type NodeConnect = (options: RequestTarget, onCreate: OnCreate) => Duplex | undefined

/** Options of a request that decide how it connects. */
export type ConnectOptions = Readonly<Record<string, unknown>>

/**
 * Returns the options that decide how a request connects. None of them is `undefined`, because Node and `ws` spread them over their
 * defaults.
 */
export function connectOptions({ url, socket }: TransportRequest): ConnectOptions {
  const path = unixPathOf(url) ?? socket?.socketPath
  const isSecure = url.startsWith('wss:')
  if (!socket) return path === undefined ? {} : { createConnection: pathConnect(path, isSecure) }
  const { agent, createConnection, localAddress, family, lookup } = socket
  return defined({
    ...(isSecure && socket.tls && tlsOptions(socket.tls, agent === undefined)),
    agent,
    localAddress,
    family,
    lookup,
    createConnection:
      (createConnection && userConnect(createConnection, path, isSecure)) ??
      (path === undefined ? undefined : pathConnect(path, isSecure)),
  })
}

/** @param hasContext whether to add the parsed certificates and keys, which would override the options of an agent */
function tlsOptions(tls: TlsOptions, hasContext: boolean): ConnectOptions {
  const { fingerprint256, checkServerIdentity, ...options } = tls
  const secureContext = secureContextOf(tls)
  return {
    ...options,
    ...(checkServerIdentity && { checkServerIdentity: identityCheck(checkServerIdentity) }),
    ...(hasContext && { secureContext }),
    // A resumed session has no certificate to compare. An `https.Agent` would resume one.
    ...(fingerprint256 !== undefined && { session: null }),
  }
}

/**
 * Returns a check that always returns an error or `undefined`. An exception in the user's check would be an uncaught exception, and would
 * leave the certificate unverified. A promise would always be a rejection, without a reason.
 */
function identityCheck(check: NonNullable<TlsOptions['checkServerIdentity']>): typeof check {
  return (host, certificate) => {
    try {
      const found: unknown = check(host, certificate)
      if (!found) return undefined
      if (found instanceof Error) return found
      if (isThenable(found)) ignore(found)
      const received = describeValue(found)
      return new TypeError(
        `tls.checkServerIdentity must return an error or undefined, but returned ${received}`,
      )
    } catch (thrown) {
      return toError(thrown)
    }
  }
}

function defined(options: ConnectOptions): ConnectOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

/** Connects to a Unix socket. `ws` ignores `socketPath`, and does not decode the path in a URL. */
function pathConnect(path: string, isSecure: boolean): NodeConnect {
  return (options) => {
    const target = { ...options, port: Number(options.port), path }
    return isSecure ? connectTls({ ...target, servername: servernameOf(options) }) : connectPlain(target)
  }
}

/** Options of a request that are not meant for the socket. They contain headers and credentials. */
const OF_REQUEST: readonly string[] = [
  'headers',
  'auth',
  'method',
  'defaultPort',
  'createConnection',
  'finishRequest',
]

/** Lets the user's function connect. It can return the socket or a promise of one, or call back. */
function userConnect(connect: CreateConnection, path: string | undefined, isSecure: boolean): NodeConnect {
  return (options, onCreate) => {
    const target = targetOf(options, path, isSecure)
    const pass = (socket: unknown): void => passSocket(socket, isSecure ? target : undefined, onCreate)
    const fail = (thrown: unknown): void => onCreate(toError(thrown))
    try {
      const made: unknown = connect(target, (error, socket) => (error ? fail(error) : pass(socket)))
      if (isThenable(made)) made.then(pass, fail)
      else if (made !== undefined && made !== null) pass(made)
    } catch (thrown) {
      fail(thrown)
    }
    return undefined
  }
}

function targetOf(options: RequestTarget, path: string | undefined, isSecure: boolean): ConnectionTarget {
  const own = Object.entries(options).filter(([name]) => !OF_REQUEST.includes(name))
  const servername = isSecure ? servernameOf(options) : undefined
  const target = { ...Object.fromEntries(own), port: Number(options.port), path, servername }
  return defined(target) as unknown as ConnectionTarget
}

/** @param secureTarget target of a `wss:` URL, which never receives anything without TLS; otherwise, `undefined` */
function passSocket(socket: unknown, secureTarget: ConnectionTarget | undefined, onCreate: OnCreate): void {
  if (!isDuplex(socket)) {
    onCreate(unusable(`expected a Duplex such as a net.Socket, received ${describeValue(socket)}`))
    return
  }
  // The socket can already have failed. Node listens only in the next tick, and an error without a listener is an uncaught exception.
  socket.once('error', onCreate)
  process.nextTick(() => {
    if (socket.destroyed || socket.writableEnded || socket.readableEnded) {
      const message =
        'the createConnection function returned a socket that is already closed. Return a new one each time'
      onCreate(new Error(message))
    } else if (secureTarget && !('encrypted' in socket)) onCreate(null, addTls(socket, secureTarget))
    else onCreate(null, socket)
  })
}

function unusable(problem: string): Error {
  return new ConnectOptionError('createConnection', new TypeError(problem), true)
}

function isDuplex(value: unknown): value is Duplex {
  const { on, write, destroy, pause } = (value ?? {}) as Partial<Duplex>
  return [on, write, destroy, pause].every((method) => typeof method === 'function')
}

/** Returns the path of the Unix socket in a URL, decoded. */
function unixPathOf(url: string): string | undefined {
  if (!url.startsWith('ws+unix:')) return undefined
  const [path = ''] = new URL(url).pathname.split(':')
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/**
 * Returns the URL for `ws`, which requires a path of the request in the URL of a Unix socket, and would treat the query as part of the
 * socket's path.
 */
export function urlForWs(url: string): string {
  if (!url.startsWith('ws+unix:')) return url
  const { pathname, search } = new URL(url)
  const [socketPath = '', ...rest] = pathname.split(':')
  return `ws+unix:${socketPath}:${rest.join(':') || '/'}${search}`
}

/** Sets TCP options. Sockets that are not from TCP ignore them. */
export function tuneSocket(rawSocket: Duplex, { tcpKeepAlive, tcpNoDelay }: SocketOptions): void {
  const socket = rawSocket as Partial<Pick<Socket, 'setKeepAlive' | 'setNoDelay'>>
  // `ws` turns Nagle's algorithm off on every socket.
  if (tcpNoDelay === false) socket.setNoDelay?.(false)
  if (tcpKeepAlive === undefined) return
  socket.setKeepAlive?.(tcpKeepAlive !== false, typeof tcpKeepAlive === 'number' ? tcpKeepAlive : 0)
}

/** Internal Node.js object that counts a socket's bytes as they are transferred. */
interface Carrier {
  readonly bytesRead?: number
  readonly bytesWritten?: number
  /** Bytes of the last write that the operating system has not accepted yet. TLS over a stream does not have this property. */
  readonly writeQueueSize?: number
  /** Carrier below this one, for TLS. */
  readonly _parent?: Carrier | null
}

/**
 * Returns the object that counts the bytes on the wire, or `undefined` once the socket is destroyed. The socket's own counters advance only
 * by whole TLS records and whole writes: they do not change during a single 20 MB write.
 */
function carrierOf(socket: Duplex | undefined): Carrier | undefined {
  let { _handle: carrier } = (socket ?? {}) as { _handle?: Carrier | null }
  // TLS can be nested, for example through a proxy.
  while (carrier?._parent) carrier = carrier._parent
  return typeof carrier?.bytesRead === 'number' ? carrier : undefined
}

/** Bytes received by streams that do not count them themselves. */
const counted = new WeakMap<Duplex, number>()

/** Counts the bytes of a stream that does not do so itself, because it is not a socket. */
export function countBytes(socket: Duplex): void {
  if (socket instanceof Socket || carrierOf(socket)) return
  counted.set(socket, 0)
  socket.on('data', (chunk: Uint8Array) => counted.set(socket, bytesReadOf(socket) + chunk.length))
}

export function bytesReadOf(socket: Duplex | undefined): number {
  return carrierOf(socket)?.bytesRead ?? (socket && counted.get(socket)) ?? 0
}

/** Returns the number of bytes that have left, or `undefined` if it is not known. */
export function bytesWrittenOf(socket: Duplex | undefined): number | undefined {
  const { bytesWritten, writeQueueSize = 0 } = carrierOf(socket) ?? {}
  return bytesWritten === undefined ? undefined : bytesWritten - writeQueueSize
}
