import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { unixPath, unixUrl } from './roads.js'
import type { Scheme } from './roads.js'
import { SELF_SIGNED } from './self-signed.js'

export const TEXT = 0x1
export const BINARY = 0x2
export const CONTINUATION = 0x0
export const CLOSE = 0x8
export const PING = 0x9
export const PONG = 0xa

/** A connection to a {@link RawServer} whose request is complete. */
export interface RawConnection {
  readonly socket: Socket
  /** The unchanged request, up to the empty line. */
  readonly request: string
  /** Returns all complete frames received since the request, unmasked. */
  frames(): { readonly opcode: number; readonly payload: Buffer }[]
}

/** A peer that sends raw bytes, to do what no WebSocket server would do. */
export class RawServer implements AsyncDisposable {
  readonly connections: RawConnection[] = []
  /** All sockets, including those without a complete request. */
  readonly sockets: Socket[] = []
  readonly #server: Server
  readonly #scheme: Scheme

  constructor(server: Server, scheme: Scheme) {
    this.#server = server
    this.#scheme = scheme
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    const address = this.#server.address()
    return typeof address === 'string' ? unixUrl(address) : `${this.#scheme}://127.0.0.1:${this.port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
    })
  }
}

/**
 * Listens on a free port, or on a Unix socket.
 *
 * @param onRequest called with each complete request; it must write the answer itself
 * @param scheme with `wss`, the server uses {@link SELF_SIGNED}, a certificate that clients must be configured to trust
 * @param path path of a Unix socket to listen on
 */
export async function startRawServer(
  onRequest: (connection: RawConnection) => void,
  scheme: Scheme = 'ws',
  path = scheme === 'ws+unix' ? unixPath() : undefined,
): Promise<RawServer> {
  const server = scheme === 'wss' ? createTlsServer(SELF_SIGNED) : createServer()
  const raw = new RawServer(server, scheme)
  server.on(scheme === 'wss' ? 'secureConnection' : 'connection', (socket: Socket) => {
    raw.sockets.push(socket)
    let request: string | undefined
    let bytes: Buffer = Buffer.alloc(0)
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk])
      const end = bytes.indexOf('\r\n\r\n')
      if (request !== undefined || end < 0) return
      request = bytes.subarray(0, end).toString('latin1')
      bytes = bytes.subarray(end + 4)
      const connection = { socket, request, frames: () => framesOf(bytes) }
      raw.connections.push(connection)
      onRequest(connection)
    })
  })
  if (path !== undefined) server.listen(path)
  else server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return raw
}

/** Returns the response that accepts a request. `headers` adds or replaces headers. */
export function upgradeAnswer(request: string, headers: Readonly<Record<string, string>> = {}): string {
  const key = /^sec-websocket-key: (.*)$/im.exec(request)?.[1] ?? ''
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  const all = { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Accept': accept, ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`
}

/** Returns one frame as a server sends it, which is unmasked (RFC 6455, section 5.2). */
export function frame(opcode: number, payload: Uint8Array | string = '', isFinal = true): Buffer {
  const bytes = Buffer.from(payload as string)
  const start = Buffer.from([(isFinal ? 0x80 : 0) | opcode])
  if (bytes.length < 126) return Buffer.concat([start, Buffer.from([bytes.length]), bytes])
  if (bytes.length < 0x10000) {
    const length = Buffer.from([126, bytes.length >> 8, bytes.length & 0xff])
    return Buffer.concat([start, length, bytes])
  }
  return Buffer.concat([start, longLength(bytes.length), bytes])
}

/** Returns only the header of a long message. */
export function longHeader(opcode: number, length: number): Buffer {
  return Buffer.concat([Buffer.from([0x80 | opcode]), longLength(length)])
}

function longLength(length: number): Buffer {
  const bytes = Buffer.alloc(9)
  bytes[0] = 127
  bytes.writeBigUInt64BE(BigInt(length), 1)
  return bytes
}

/** Returns the payload of a close frame. */
export function closePayload(code: number, reason = ''): Buffer {
  return Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)])
}

/** Parses the masked frames of a client. */
export function framesOf(bytes: Buffer): { readonly opcode: number; readonly payload: Buffer }[] {
  const frames: { readonly opcode: number; readonly payload: Buffer }[] = []
  let at = 0
  while (at + 6 <= bytes.length) {
    const short = bytes.readUInt8(at + 1) & 0x7f
    const extra = short < 126 ? 0 : short === 126 ? 2 : 8
    const maskAt = at + 2 + extra
    if (maskAt + 4 > bytes.length) break
    const length =
      extra === 0 ? short : extra === 2 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2))
    const end = maskAt + 4 + length
    if (end > bytes.length) break
    const mask = bytes.subarray(maskAt, maskAt + 4)
    const payload = Buffer.from(
      bytes.subarray(maskAt + 4, end).map((byte, index) => byte ^ (mask[index % 4] as number)),
    )
    frames.push({ opcode: bytes.readUInt8(at) & 0x0f, payload })
    at = end
  }
  return frames
}
