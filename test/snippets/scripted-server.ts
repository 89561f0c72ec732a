import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import { USUAL } from './script.js'
import type { PageScripts, Peer, Script } from './script.js'

/** Hosts that every page may use. */
const EXAMPLE = /(?:^|[.])example[.]com$/

function peerOf(socket: WebSocket, url: string): Peer {
  return {
    url,
    send(message) {
      const isRaw = typeof message === 'string' || message instanceof Uint8Array
      socket.send(isRaw ? message : JSON.stringify(message))
    },
    ping: () => socket.ping(),
    close: (code, reason) => socket.close(code, reason),
  }
}

/** Parses JSON, and leaves any other text as it is. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function play(peer: Peer, socket: WebSocket, { messages = [], answer }: Script): void {
  socket.on('error', () => undefined)
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    const message = isBinary ? data : parse(data.toString())
    const special = answer?.(message, peer)
    const reply = special === undefined || special === false ? USUAL.answer(message) : special
    if (reply !== undefined && reply !== null) peer.send(reply)
  })
  for (const message of messages) peer.send(message)
}

/** Stands for all outside hosts of one page. It keeps no process alive. */
export class ScriptedServer {
  readonly #scripts: PageScripts
  readonly #http = createServer((_request, response) => response.writeHead(404).end())
  readonly #sockets = new WebSocketServer({ noServer: true })
  /** The script of the class or function that is being run. */
  current: Script | undefined
  /** True if the client does not handle the usual messages. */
  isSilent = false
  /** The latest connection. */
  peer: Peer | undefined

  constructor(scripts: PageScripts) {
    this.#scripts = scripts
    this.#http.on('connection', (socket) => socket.unref())
    this.#http.on('upgrade', (request, socket, head) => {
      this.#sockets.handleUpgrade(request, socket, head, (accepted) => {
        const { host = '' } = request.headers
        this.peer = peerOf(accepted, request.url ?? '/')
        const usual = this.isSilent ? {} : { messages: USUAL.messages }
        play(this.peer, accepted, { ...usual, ...this.scriptFor(host) })
      })
    })
  }

  /** Starts to listen, and returns its port. */
  async listen(): Promise<number> {
    this.#http.listen(0, '127.0.0.1').unref()
    await once(this.#http, 'listening')
    return (this.#http.address() as AddressInfo).port
  }

  /**
   * Finds what to say to the clients of a host.
   *
   * @param host with or without its port
   */
  scriptFor(host: string): Script | undefined {
    const name = host.replace(/:\d+$/, '')
    return this.current ?? this.#scripts[host] ?? this.#scripts[name] ?? (EXAMPLE.test(name) ? {} : undefined)
  }

  /** Answers `fetch`. */
  async fetch(url: URL): Promise<Response> {
    const script = this.scriptFor(url.host)
    const answer = await (script?.fetch ?? USUAL.fetch)(url)
    return answer instanceof Response ? answer : Response.json(answer)
  }
}
