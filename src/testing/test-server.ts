import { HandshakeError } from '../errors/connection-errors.js'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import type { ServerOptions, WebSocket } from 'ws'
import { inTurn } from './behaviors.js'
import type { Behavior } from './behaviors.js'
import type { Handshake } from '../transports/transport.js'
import type { WaitLimit } from './fake-clock.js'
import { headerLines, lowercased, statusLine } from './refusal.js'
import type { Refusal } from './refusal.js'
import { Peer } from './peer.js'
import { Changes, waitFor } from './wait.js'
import { numberMistake } from './wait-error.js'

/** Close code of a frame that contains none. */
const NO_CODE = 1005
/** Close code that `ws` reports if it has received no close frame. */
const NO_CLOSE_FRAME = 1006

/** Server side of one connection attempt over a real socket. */
export class SocketPeer extends Peer {
  /** Request that opened the connection. */
  readonly request: IncomingMessage
  readonly #upgrade: (handshake: Partial<Handshake>) => void
  #socket: WebSocket | undefined
  #isEnded = false
  #isHalfOpen = false
  /** Whether the handshake has been accepted or refused. */
  #isDecided = false
  /** Actions that wait until an asynchronous `verifyClient` has accepted the client. */
  readonly #early: ((socket: WebSocket) => void)[] = []

  /** @internal */
  constructor(request: IncomingMessage, changes: Changes, upgrade: (handshake: Partial<Handshake>) => void) {
    // The client can run in any process, so its clock is not known.
    super(factsOf(request), changes, undefined)
    this.request = request
    this.#upgrade = upgrade
    request.socket.on('error', () => request.socket.destroy())
    request.socket.once('close', () => this.#onEnd())
  }

  /**
   * Socket of the `ws` package.
   *
   * @throws Error before the handshake has been accepted
   */
  get socket(): WebSocket {
    if (!this.#socket)
      throw new Error('The socket is not open: the handshake has not been accepted yet. Call accept() first')
    return this.#socket
  }

  get isOpen(): boolean {
    return this.#socket !== undefined && this.#socket.readyState === this.#socket.OPEN
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  accept(handshake: Partial<Handshake> = {}): void {
    if (this.#isDecided) return
    this.#isDecided = true
    this.#upgrade(handshake)
  }

  refuse(reason?: number | Error, { headers = {}, body = '' }: Refusal = {}): void {
    const { socket } = this.request
    const status = reason instanceof HandshakeError ? reason.status : reason
    // An open connection has no response left that could refuse it.
    if (typeof status !== 'number' || this.#isDecided) {
      socket.destroy()
      return
    }
    this.#isDecided = true
    const lines = headerLines({
      connection: 'close',
      'content-length': String(Buffer.byteLength(body)),
      ...lowercased(headers),
    })
    socket.end([`HTTP/1.1 ${statusLine(status)}`, ...lines, '', body].join('\r\n'))
  }

  ping(data?: Uint8Array): void {
    this.#send((socket) => socket.ping(data))
  }

  pong(data?: Uint8Array): void {
    this.#send((socket) => socket.pong(data))
  }

  close(code?: number, reason?: string): void {
    // 1005 stands for a close frame without a code.
    this.#send((socket) => (code === NO_CODE ? socket.close() : socket.close(code ?? 1000, reason)))
  }

  drop(error?: Error): void {
    if (error) this.request.socket.resetAndDestroy()
    else this.request.socket.destroy()
  }

  goHalfOpen(): void {
    this.#send((socket) => socket.pause())
    this.#isHalfOpen = true
  }

  /** @internal */
  sendData(data: string | Uint8Array): void {
    this.#send((socket) => socket.send(data))
  }

  /**
   * Listens to an accepted connection.
   *
   * @internal
   */
  receiveOpen(socket: WebSocket): void {
    this.#socket = socket
    socket.on('error', () => undefined)
    socket.on('message', (data: Buffer, isBinary: boolean) =>
      this.inbox.add(isBinary ? data : data.toString(), this.onMessage),
    )
    socket.on('ping', () => this.inbox.addPing())
    socket.on('pong', (data: Buffer) => this.inbox.pongs.push(data))
    socket.on('close', (code: number, reason: Buffer) => {
      if (code !== NO_CLOSE_FRAME) this.inbox.close({ code, reason: reason.toString() })
      this.#onEnd()
    })
    for (const act of this.#early.splice(0)) act(socket)
  }

  #onEnd(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.receiveEnd()
  }

  #send(act: (socket: WebSocket) => void): void {
    if (this.#isHalfOpen) return
    if (this.#socket) act(this.#socket)
    else this.#early.push(act)
  }
}

function factsOf({ headers, url = '/' }: IncomingMessage): Pick<Peer, 'url' | 'protocols' | 'headers'> {
  const protocols = (headers['sec-websocket-protocol'] ?? '').split(/\s*,\s*/).filter(Boolean)
  return { url: `ws://${headers.host ?? ''}${url}`, protocols, headers }
}

/** Options of `startTestServer`: its script, and the options of the `WebSocketServer` class from `ws`. */
export interface TestServerOptions extends ServerOptions {
  /** Behaviors for the attempts, in order; the last one repeats. @default every attempt is accepted */
  readonly script?: readonly Behavior<SocketPeer>[] | undefined
}

/** Called with each connection, in the tick in which it opens. */
export type OnConnection = (connection: SocketPeer) => void

/** Lets a script decide about each attempt. */
class ScriptedServer extends WebSocketServer {
  readonly attempts: SocketPeer[] = []
  readonly connections: SocketPeer[] = []
  readonly changes = new Changes()
  #onAttempt: Behavior<SocketPeer>
  readonly #onConnection: OnConnection | undefined
  readonly #accepted: WeakMap<IncomingMessage, Partial<Handshake>>

  constructor({ script = [], ...options }: TestServerOptions, onConnection: OnConnection | undefined) {
    const accepted = new WeakMap<IncomingMessage, Partial<Handshake>>()
    const { handleProtocols = firstOf } = options
    super({
      host: '127.0.0.1',
      port: 0,
      ...options,
      handleProtocols: (offered, request) =>
        accepted.get(request)?.protocol ?? handleProtocols(offered, request),
    })
    this.#accepted = accepted
    this.#onConnection = onConnection
    this.#onAttempt = inTurn(script)
    this.on('headers', (lines: string[], request: IncomingMessage) => {
      lines.push(...headerLines(accepted.get(request)?.headers))
    })
  }

  override handleUpgrade(...[request, socket, head]: Parameters<WebSocketServer['handleUpgrade']>): void {
    const peer = new SocketPeer(request, this.changes, (handshake) => {
      this.#accepted.set(request, handshake)
      super.handleUpgrade(request, socket, head, (opened: WebSocket) => this.#onOpen(peer, opened))
    })
    this.attempts.push(peer)
    this.#onAttempt(peer)
  }

  script(behaviors: readonly Behavior<SocketPeer>[]): void {
    this.#onAttempt = inTurn(behaviors)
  }

  #onOpen(peer: SocketPeer, socket: WebSocket): void {
    peer.receiveOpen(socket)
    this.connections.push(peer)
    this.#onConnection?.(peer)
    this.changes.notify()
  }
}

function firstOf(offered: ReadonlySet<string>): string {
  const [first = ''] = offered
  return first
}

/** Real WebSocket server on a free local port. */
export class TestServer {
  /** URL of the server, without a path. */
  readonly url: string
  readonly #server: ScriptedServer
  #isClosed = false

  /** @internal */
  constructor(server: ScriptedServer) {
    this.#server = server
    this.url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  /** Connections that have opened so far, in order. */
  get connections(): readonly SocketPeer[] {
    return this.#server.connections
  }

  /** Sets the behaviors for the next attempts, in order. The last one repeats. */
  script(...behaviors: Behavior<SocketPeer>[]): void {
    this.#server.script(behaviors)
  }

  /**
   * Waits for the nth connection that opens, starting at 1.
   *
   * @throws Error if it has not opened within the limit, or if the server has been closed
   */
  connection(number: number, limit?: WaitLimit): Promise<SocketPeer> {
    const { attempts, connections, changes } = this.#server
    return waitFor(
      {
        name: `connection ${number}`,
        read: () => connections[number - 1],
        impossible: () => (this.#isClosed ? 'the server is closed' : numberMistake(number)),
        instead: () => `Attempts so far: ${attempts.length}, of which ${connections.length} opened`,
      },
      { changes, clock: () => undefined },
      limit,
    )
  }

  /** Terminates all connections and stops listening. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const peer of this.#server.attempts) peer.drop()
    this.#server.changes.notify()
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
    })
  }

  /** Closes the server, whether the `await using` block completed or threw. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/**
 * Starts a real WebSocket server on a free port.
 *
 * @param onConnection called with each connection, in the tick in which it opens
 * @param options a script, and options for the `WebSocketServer` class from `ws`, for example `handleProtocols`
 */
export async function startTestServer(
  onConnection?: OnConnection,
  options: TestServerOptions = {},
): Promise<TestServer> {
  const server = new ScriptedServer(options, onConnection)
  await once(server, 'listening')
  return new TestServer(server)
}
