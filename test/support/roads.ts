import { randomUUID } from 'node:crypto'
import { Agent as HttpAgent } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import type { SocketOptions } from 'holdfast'
import { SELF_SIGNED } from './self-signed.js'

/** Kind of the server: TCP, TLS, or a Unix socket. */
export type Scheme = 'ws' | 'wss' | 'ws+unix'

/** A way from the client to the server. */
export interface Road {
  readonly name: string
  readonly scheme: Scheme
  readonly socket: SocketOptions | undefined
  /** Whether the fast paths are used; otherwise, they stand aside. */
  readonly isFast: boolean
}

const ca = SELF_SIGNED.cert

/** All roads on which the transport must behave in the same way. */
export const ROADS: readonly Road[] = [
  { name: 'TLS', scheme: 'wss', socket: { tls: { ca } }, isFast: true },
  { name: 'a Unix socket', scheme: 'ws+unix', socket: undefined, isFast: true },
  { name: 'an agent', scheme: 'ws', socket: { agent: new HttpAgent() }, isFast: true },
  {
    name: 'a net.Socket from createConnection',
    scheme: 'ws',
    socket: { createConnection: ({ host, port }) => connect({ host, port }) },
    isFast: true,
  },
  {
    name: 'a Duplex from createConnection',
    scheme: 'ws',
    socket: { createConnection: (target) => new SocketDuplex(connect(target)) },
    isFast: false,
  },
  {
    name: 'TLS over a Duplex',
    scheme: 'wss',
    socket: {
      createConnection: ({ host, port }) =>
        connectTls({ socket: new SocketDuplex(connect({ host, port })), host, ca }),
    },
    isFast: true,
  },
]

/** A stream that is not a socket, although its bytes go through one. */
export class SocketDuplex extends Duplex {
  /** Number of bytes that have arrived, for tests that wait for them. */
  bytesRead = 0
  readonly #socket: ReturnType<typeof connect>

  constructor(socket: ReturnType<typeof connect>) {
    super()
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.bytesRead += chunk.length
      if (!this.push(chunk)) socket.pause()
    })
    socket.on('end', () => this.push(null))
    socket.on('error', (error) => this.destroy(error))
    socket.on('close', () => this.destroy())
  }

  override _read(): void {
    this.#socket.resume()
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done)
  }

  override _final(done: () => void): void {
    this.#socket.end(done)
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy()
    done(error)
  }
}

/** Returns a new path for a Unix socket. It contains characters that a URL must escape. */
export function unixPath(): string {
  return join(tmpdir(), `peer 100% ${randomUUID().slice(0, 8)}.sock`)
}

/** Returns the URL of a Unix socket, to which the path of a request can be appended. */
export function unixUrl(path: string): string {
  return `ws+unix://${path.split('/').map(encodeURIComponent).join('/')}:`
}
