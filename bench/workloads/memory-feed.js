import { OnError, OnMessage, WebSocketClient, bootstrap } from '../../dist/index.js'
import { MemoryServer } from '../../dist/testing/index.js'

/** Makes an annotated class with so many handlers, each with code of its own, as written ones have. */
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

/** Returns so many keys of the same length. */
export function keysOf(count) {
  return Array.from({ length: count }, (_, index) => `key${String(index).padStart(3, '0')}`)
}

/** Connects it to a server in memory: no socket's cost hides its own. */
export async function connectInMemory(Feed, options = {}) {
  const server = new MemoryServer()
  const client = await bootstrap(Feed, 'ws://bench.test', { transport: server.connect, ...options })
  return { client, peer: server.peer }
}
