import {
  Connection,
  JsonSender,
  OnClose,
  OnError,
  OnMessage,
  OnOpen,
  WebSocketClient,
  bootstrap,
} from '../../dist/index.js'
import { FULL } from './drained.js'

/** JSON in binary frames, which the default codec does not decode. */
const BYTES = {
  isBinary: true,
  encode: (message) => JSON.stringify(message),
  decode: (data) => JSON.parse(data),
}

/** Ends the run, because an error of a handler would only be logged. */
function fail(error) {
  process.stderr.write(`${error.stack}\n`)
  process.exit(1)
}

/** An annotated class with everything on. */
class Feed {
  constructor(connection, json) {
    this.connection = connection
    this.json = json
    this.connectionNumber = 0
    this.handle = () => undefined
  }

  opened(open) {
    this.connectionNumber = open.connectionNumber
  }

  ticker(message) {
    this.handle(message)
  }

  rest(message) {
    this.handle(message)
  }

  failed(error) {
    fail(error)
  }

  closed(close) {
    fail(new Error(`The connection was lost: ${close.code}`))
  }
}

/** Applies decorators by hand, because this file is JavaScript. */
export function annotate(Class, member, decorator) {
  decorator(Class.prototype, member, Object.getOwnPropertyDescriptor(Class.prototype, member))
}

WebSocketClient({ route: 'type', inject: [Connection, JsonSender] })(Feed)
annotate(Feed, 'opened', OnOpen())
annotate(Feed, 'ticker', OnMessage('ticker'))
annotate(Feed, 'rest', OnMessage())
annotate(Feed, 'failed', OnError())
annotate(Feed, 'closed', OnClose())

export async function open(url, handle, options = {}) {
  const compression = url.includes('deflate')
  const codec = url.includes('binary') ? { codec: BYTES } : {}
  const { connection, instance } = await bootstrap(Feed, url, { ...options, ...codec, compression })
  instance.handle = handle
  let sent = Promise.resolve()
  return {
    send(message) {
      sent = instance.json.send(message)
    },
    sendText(text) {
      sent = connection.send(text)
    },
    request: (message) => connection.request(message),
    isFull: () => connection.bufferedAmount >= FULL,
    drained: () => sent,
  }
}

/** Opens a connection that handles messages of one type: a class with one message handler. */
export async function select(url, type, handle, options = {}) {
  class Selection {
    wanted(message) {
      handle(message)
    }

    failed(error) {
      fail(error)
    }
  }
  WebSocketClient({ route: 'type' })(Selection)
  annotate(Selection, 'wanted', OnMessage(type))
  annotate(Selection, 'failed', OnError())
  const { connection } = await bootstrap(Selection, url, { logger: false, ...options })
  return {
    send: (message) => void connection.sendJson(message),
    unwanted: () => connection.stats.unhandledMessages,
  }
}

/** Opens an idle connection with a heartbeat. */
export async function hold(url, handle, interval) {
  const { connection, instance } = await bootstrap(Feed, url, { heartbeat: { interval, timeout: interval } })
  instance.handle = handle
  return { isOpen: () => connection.state.status === 'open' }
}
