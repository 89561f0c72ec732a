import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { Access } from './access.js'
import type { Refusal } from './access.js'
import { ASSETS } from './assets.js'
import type { Streams } from './streams.js'

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

/** Headers of every response. There are no CORS headers, so that other sites cannot read anything. */
const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': POLICY,
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
}

/** Serves the page and the stream of its data. It does not keep the process alive. */
export class PageServer {
  readonly #server: Server
  readonly #streams: Streams
  readonly #token: string | undefined
  #access: Access | undefined

  constructor(token: string | undefined, streams: Streams) {
    this.#token = token
    this.#streams = streams
    this.#server = createServer((request, response) => this.#answer(request, response))
    this.#server.on('connection', (socket: Socket) => socket.unref())
  }

  /** Resolves with the address, once the server listens on it. */
  async listen(host: string, port: number): Promise<AddressInfo> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', reject)
        resolve()
      })
    })
    this.#server.unref()
    const address = this.#server.address() as AddressInfo
    this.#access = new Access(this.#token, address.port)
    return address
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
    })
    this.#server.closeAllConnections()
    await closed
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const refusal = this.#access?.refusalOf(request)
    const [path = '/', query = ''] = (request.url ?? '/').split('?')
    if (refusal) refuse(response, refusal)
    else if (path === '/events') this.#stream(new URLSearchParams(query).get('connection'), response)
    else sendAsset(path, response)
  }

  #stream(connection: string | null, response: ServerResponse): void {
    if (this.#streams.isFull) {
      refuse(response, { status: 503, text: 'Too many pages are open. Close one of them' })
      return
    }
    response.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream; charset=utf-8' })
    this.#streams.open(response, connection ?? undefined)
  }
}

function sendAsset(path: string, response: ServerResponse): void {
  const name = path === '/' ? 'index.html' : path.slice(1)
  const asset = Object.hasOwn(ASSETS, name) ? ASSETS[name] : undefined
  if (asset === undefined) {
    refuse(response, { status: 404, text: 'Not found. The page is at /' })
    return
  }
  const type = CONTENT_TYPES[name.slice(name.lastIndexOf('.') + 1)]
  response.writeHead(200, { ...HEADERS, 'content-type': type }).end(asset)
}

function refuse(response: ServerResponse, { status, text, headers }: Refusal): void {
  const type = 'text/plain; charset=utf-8'
  response.writeHead(status, { ...HEADERS, 'content-type': type, ...headers }).end(text)
}
