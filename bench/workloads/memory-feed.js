import { OnError, OnMessage, WebSocketClient, bootstrap } from '../../dist/index.js'
import { MemoryServer } from '../../dist/testing/index.js'

/** Creates an annotated class with `count` handlers, each with different code, as in a written class. */
export function feedWith(keys, handle) {
  class Feed {
    failed(error) {
      process.stderr.write(`${error.stack}\n`)
      process.exit(1)
    }
  }
  const mark = (member, decorator) =>
    decorator(Feed.prototype, member, Object.getOwnPropertyDescriptor(Feed.prototype, member))
  for (const key of keys) {
    const method = new Function('handle', `return function ${key}(message) { handle(message, '${key}') }`)(
      handle,
    )
    Object.defineProperty(Feed.prototype, key, { value: method, writable: true, configurable: true })
    mark(key, OnMessage(key))
  }
  mark('failed', OnError())
  WebSocketClient({ route: 'type' })(Feed)
  return Feed
}

/** Returns `count` keys of the same length. */
export function keysOf(count) {
  return Array.from({ length: count }, (_, index) => `key${String(index).padStart(3, '0')}`)
}

/** Connects the class to a server in memory, so that the cost of a socket does not hide its own. */
export async function connectInMemory(Feed, options = {}) {
  const server = new MemoryServer()
  const client = await bootstrap(Feed, 'ws://bench.test', { transport: server.connect, ...options })
  return { client, peer: server.peer }
}

/** Connects the class as a client of a Nest application, whose providers create the instance. */
export async function connectInNest(Feed) {
  // The packages of the project, not those in bench: `dist/nestjs` must get the same copy.
  const { NestFactory } = await import('../../node_modules/@nestjs/core/index.js')
  const { HoldfastModule } = await import('../../dist/nestjs/index.js')
  const server = new MemoryServer()
  class App {}
  const imports = [
    HoldfastModule.forRoot({ transport: server.connect }),
    HoldfastModule.forFeature([{ use: Feed, url: 'ws://bench.test', waitForOpen: true }]),
  ]
  await NestFactory.createApplicationContext(
    { module: App, imports, providers: [Feed] },
    { logger: ['error'], abortOnError: false },
  )
  return { peer: server.peer }
}
