import dns from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'
import type { NetConnectOpts, Socket } from 'node:net'
import tls from 'node:tls'
import type { ScriptedServer } from './scripted-server.js'

const LOOPBACK = /^(?:localhost|127[.]\d+[.]\d+[.]\d+|::1|\[::1\])$/

/** The ports on which this process listens itself, for example with `startTestServer`: the real one by the one in the snippet. */
const ownPorts = new Map<number, number>()

/** Has servers listen on free ports, so that two snippets may use the same one at the same time. */
function noteOwnPorts(): void {
  const { listen } = net.Server.prototype
  net.Server.prototype.listen = function (this: net.Server, ...args: unknown[]) {
    const { port } = targetOf(args)
    const [first, ...rest] = args
    const free = typeof first === 'object' ? { ...first, port: 0 } : 0
    this.once('listening', () => {
      const address = this.address()
      if (!address || typeof address === 'string') return
      ownPorts.set(address.port, address.port)
      if (port) ownPorts.set(Number(port), address.port)
    })
    return listen.apply(this, (port === undefined ? args : [free, ...rest]) as Parameters<typeof listen>)
  } as typeof listen
}

interface Target {
  readonly path?: unknown
  readonly host?: string | undefined
  readonly port?: unknown
}

/** Reads the arguments of `connect`: options, port and host, or the array that `net.connect` makes of them. */
function targetOf([first, second]: readonly unknown[]): Target {
  if (Array.isArray(first)) return targetOf(first)
  if (typeof first === 'object' && first !== null) return first
  if (typeof first === 'string' && Number.isNaN(Number(first))) return { path: first }
  return { port: first, host: typeof second === 'string' ? second : undefined }
}

function callbackOf(args: readonly unknown[]): unknown {
  return args.flat().find((value) => typeof value === 'function')
}

/** Returns true for a socket file, and for a server that this process runs. */
function isOwn({ path, host = 'localhost', port }: Target): boolean {
  if (port === undefined && typeof path === 'string') return true
  return LOOPBACK.test(host) && ownPorts.has(Number(port))
}

/** Makes all outside hosts one server on this machine. A host without a script is refused, and nothing is ever looked up. */
export class Network {
  readonly #server: ScriptedServer
  readonly #port: number
  readonly #onRefusal: (error: Error) => void

  /**
   * @param port where the server listens
   * @param onRefusal receives what is refused, because a client only tries again
   */
  constructor(server: ScriptedServer, port: number, onRefusal: (error: Error) => void) {
    this.#server = server
    this.#port = port
    this.#onRefusal = onRefusal
  }

  /** Replaces what opens connections. */
  own(): void {
    noteOwnPorts()
    const { connect } = net.Socket.prototype
    const redirect = (args: readonly unknown[]): readonly unknown[] => this.#redirect(args)
    net.Socket.prototype.connect = function (this: Socket, ...args: unknown[]) {
      return connect.apply(this, redirect(args) as Parameters<typeof connect>)
    }
    const { connect: connectTls } = tls
    // The scripted server has no TLS, so the result is a plain socket.
    tls.connect = ((...args: Parameters<typeof connectTls>) => {
      return isOwn(targetOf(args))
        ? connectTls(...args)
        : new net.Socket().connect(targetOf(args) as NetConnectOpts)
    }) as typeof connectTls
    this.#ownNames()
    syncBuiltinESMExports()
    this.#ownFetch()
  }

  #ownNames(): void {
    const { lookup } = dns
    dns.lookup = ((...args: Parameters<typeof lookup>) => {
      const callback = args.at(-1)
      if (LOOPBACK.test(args[0])) lookup(...args)
      else if (typeof callback === 'function') callback(this.#refuse(`look up ${args[0]}`), '', 0)
    }) as typeof lookup
    const refuse = async (host: unknown): Promise<never> => {
      throw this.#refuse(`look up ${String(host)}`)
    }
    Object.assign(dns.promises, { lookup: refuse, resolve: refuse, resolve4: refuse, resolve6: refuse })
    Object.assign(dns, { resolve: refuse, resolve4: refuse, resolve6: refuse })
  }

  #ownFetch(): void {
    const { fetch } = globalThis
    globalThis.fetch = async (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input)
      if (isOwn({ host: url.hostname, port: url.port })) return fetch(input, init)
      if (!this.#server.scriptFor(url.host)) throw this.#refuse(`fetch ${url.href}`)
      return this.#server.fetch(url)
    }
  }

  #redirect(args: readonly unknown[]): readonly unknown[] {
    const target = targetOf(args)
    const port = ownPorts.get(Number(target.port))
    if (isOwn(target)) return port === undefined ? args : [{ ...target, port }, callbackOf(args)]
    const host = `${target.host ?? 'localhost'}:${String(target.port)}`
    if (!this.#server.scriptFor(host)) throw this.#refuse(`connect to ${host}`)
    return [{ host: '127.0.0.1', port: this.#port }, callbackOf(args)]
  }

  #refuse(what: string): Error {
    const error = new Error(`Cannot ${what}: no script names the host. Add one to test/snippets/pages`)
    this.#onRefusal(error)
    return error
  }
}
