import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { ProxySockets, proxyOf } from './http-proxy.js'
import type { TestProxy } from './http-proxy.js'

const NO_AUTHENTICATION = 0
const USER_AND_PASSWORD = 2
const NOTHING_ACCEPTED = 0xff
const HOST_UNREACHABLE = 4

/** Behavior of a SOCKS proxy that differs from the default. */
export interface SocksProxyOptions {
  /** User name and password that the proxy requires, separated by a colon. */
  readonly credentials?: string
  /** Reply with which the proxy refuses to connect (RFC 1928, section 6). */
  readonly refusal?: number
  /** Version in the proxy's first answer. @default 5 */
  readonly version?: number
}

/** A SOCKS5 proxy (RFC 1928) with user names and passwords (RFC 1929), and its records. */
export interface SocksProxy extends TestProxy {
  /** User names and passwords that clients sent, separated by a colon. */
  readonly credentials: string[]
}

/** Starts a SOCKS5 proxy on a free port. */
export async function startSocksProxy(options: SocksProxyOptions = {}): Promise<SocksProxy> {
  const sockets = new ProxySockets()
  const targets: string[] = []
  const credentials: string[] = []
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket, true)
    serve(socket).catch(() => socket.destroy())
  })

  async function serve(socket: Socket): Promise<void> {
    const [, count = 0] = await read(socket, 2)
    const methods = await read(socket, count)
    const wanted = options.credentials === undefined ? NO_AUTHENTICATION : USER_AND_PASSWORD
    const method = methods.includes(wanted) ? wanted : NOTHING_ACCEPTED
    socket.write(Buffer.from([options.version ?? 5, method]))
    if (method === NOTHING_ACCEPTED) return
    if (method === USER_AND_PASSWORD) {
      const [, length = 0] = await read(socket, 2)
      const user = await read(socket, length)
      const [size = 0] = await read(socket, 1)
      const given = `${String(user)}:${String(await read(socket, size))}`
      credentials.push(given)
      socket.write(Buffer.from([1, given === options.credentials ? 0 : 1]))
      if (given !== options.credentials) return void socket.end()
    }
    const { host, port } = await readTarget(socket)
    targets.push(`${host}:${port}`)
    if (options.refusal !== undefined) return void socket.end(reply(options.refusal))
    sockets.join(socket, port, (error) => socket.write(reply(error ? HOST_UNREACHABLE : 0)))
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return Object.assign(proxyOf(server, 'socks5', sockets, targets), { credentials })
}

async function readTarget(socket: Socket): Promise<{ host: string; port: number }> {
  const [, , , kind] = await read(socket, 4)
  let host: string
  if (kind === 1) host = [...(await read(socket, 4))].join('.')
  else if (kind === 4) host = (await read(socket, 16)).toString('hex').replace(/(.{4})(?=.)/g, '$1:')
  else host = String(await read(socket, (await read(socket, 1))[0] ?? 0))
  return { host, port: (await read(socket, 2)).readUInt16BE(0) }
}

function reply(code: number): Buffer {
  return Buffer.from([5, code, 0, 1, 0, 0, 0, 0, 0, 0])
}

/** Returns the next bytes of a socket. */
async function read(socket: Socket, size: number): Promise<Buffer> {
  if (size === 0) return Buffer.alloc(0)
  for (;;) {
    const bytes = socket.read(size) as Buffer | null
    if (bytes) return bytes
    if (socket.readableEnded || socket.destroyed) throw new Error('the client is gone')
    await once(socket, 'readable')
  }
}
