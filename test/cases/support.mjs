import 'reflect-metadata'
import {
  OnClose,
  OnClosing,
  OnError,
  OnMessage,
  OnOpen,
  OnStateChange,
  WebSocketClient,
  bootstrap,
} from 'holdfast'
import { FakeClock, MemoryServer } from 'holdfast/testing'
import { WebSocketServer } from 'ws'

export const QUICK = { initialDelay: 60, maxDelay: 200, minUptime: 150 }

/** Waits for a time span. Use it only if something must not happen in it, or if the test is about time. */
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/**
 * Waits for a condition.
 *
 * @throws Error that names the condition if it is not true within `limit` milliseconds
 */
export async function until(condition, what, limit = 20_000) {
  const begun = performance.now()
  while (!condition()) {
    if (performance.now() - begun > limit) throw new Error(`not within ${limit} ms: ${what}`)
    await sleep(5)
  }
}

/** Decorates a class like compiled TypeScript with legacy decorators. Each role is `[method, decorator, …]`. */
export function annotate(Class, roles, options = {}) {
  for (const [method, ...decorators] of roles) {
    const descriptor = Object.getOwnPropertyDescriptor(Class.prototype, method)
    for (const decorator of decorators.reverse()) decorator(Class.prototype, method, descriptor)
  }
  WebSocketClient(options)(Class)
  return Class
}

/** Starts a server on a free port. `each` receives the socket, the request and the number of every connection. */
export async function serve(each, options = {}) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options })
  await new Promise((resolve) => server.once('listening', resolve))
  let count = 0
  server.on('connection', (socket, request) => {
    socket.on('error', () => undefined)
    each(socket, request, (count += 1))
  })
  return Object.assign(server, { url: `ws://127.0.0.1:${server.address().port}/`, count: () => count })
}

/** Returns a class whose handlers call the functions, and its recorded events in order, each as `{ kind, … }`. */
export function probe({ opened, message, failed, closing, closed, changed } = {}) {
  const seen = []
  const count = (kind) => seen.filter((event) => event.kind === kind).length
  class Probe {
    opened(open, context) {
      seen.push({ kind: 'open', open })
      return opened?.(open, context)
    }
    message(value, context) {
      seen.push({ kind: 'message', value })
      return message?.(value, context)
    }
    failed(error, context) {
      seen.push({ kind: 'error', error })
      return failed?.(error, context)
    }
    closing(info, context) {
      return closing?.(info, context)
    }
    changed(state) {
      seen.push({ kind: 'state', state })
      return changed?.(state)
    }
    closed(close) {
      seen.push({ kind: 'close', close })
      return closed?.(close)
    }
  }
  const roles = [
    ['opened', OnOpen()],
    ['message', OnMessage()],
    ['failed', OnError()],
    ['closed', OnClose()],
    ['closing', OnClosing()],
    ['changed', OnStateChange()],
  ]
  return { Probe: annotate(Probe, roles), seen, count }
}

/** Opens a client on an in-memory server with its own clock. `handlersOf` receives the clock. */
export async function scene(handlersOf = () => ({}), { url = 'ws://peer.test', ...options } = {}) {
  const server = new MemoryServer()
  const clock = new FakeClock()
  const probed = probe(handlersOf(clock))
  const starting = bootstrap(probed.Probe, url, {
    logger: false,
    transport: server.connect,
    clock,
    heartbeat: false,
    ...options,
  })
  await clock.settle()
  const client = await starting
  return { server, clock, client, connection: client.connection, ...probed }
}

let wrong = 0

/** Prints one result, and records whether it is right. */
export function check(isRight, text) {
  if (!isRight) wrong += 1
  console.log(`${isRight ? 'ok   ' : 'WRONG'} ${text}`)
}

export const note = (text) => console.log(`note  ${text}`)

/** Exits the process with 0 if every result is right. */
export const end = () => process.exit(wrong ? 1 : 0)

process.on('unhandledRejection', (error) => check(false, `unhandled rejection: ${error}`))
