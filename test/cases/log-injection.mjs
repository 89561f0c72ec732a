// Log injection. A server sends line breaks, terminal escapes and characters that reorder text. None of them may reach a log line, the console or an
// error message through reasons, keys, bad JSON, schemas, replies, status texts, subprotocols or the user's own errors.
import net from 'node:net'
import * as H from 'holdfast'
import { jsonRpc } from 'holdfast/requests'
import { annotate, check, end, serve, sleep, until } from './support.mjs'

const EVIL = '\r\n[Api] error: forged line \u001b[2J\u001b[31m\u0007\u009b\u202e\u2028\ud800'
const RAW = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u

const lines = []
const keep = (level) => (message, facts) => lines.push({ level, message, err: facts?.err })
const logger = { debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') }

/** Runs a client until the server has sent its text, and checks all log lines and errors. */
async function run(name, url, options = {}, Class = H.WebSocketClient()(class Api {}), expected = 1) {
  const from = lines.length
  const thrown = []
  const client = await H.bootstrap(Class, url, {
    logger,
    reconnect: false,
    heartbeat: false,
    ...options,
  }).catch((error) => void thrown.push(error))
  const said = () => lines.slice(from).filter(({ level }) => level === 'warn' || level === 'error')
  await until(() => said().length >= expected || thrown.length > 0, `${name} is logged`)
  await client?.close()
  const errors = [...thrown, ...said().map(({ err }) => err)].filter(
    (error) => error instanceof H.HoldfastError,
  )
  const texts = [...lines.slice(from).map(({ message }) => message), ...errors.map(({ message }) => message)]
  const forged = texts.filter((text) => RAW.test(text))
  const shows = texts.some((text) => text.includes('forged line'))
  check(forged.length === 0 && shows, `${name}: ${JSON.stringify(forged[0] ?? texts.at(-1)).slice(0, 200)}`)
}

const server = await serve((socket, { url }) => {
  if (url === '/reason') socket.close(4001, EVIL.slice(0, -1))
  if (url === '/json') socket.send('{"a":' + EVIL)
  if (url === '/key') socket.send(JSON.stringify({ type: EVIL, [EVIL]: 1 }))
  if (url === '/keyless') socket.send(JSON.stringify({ [EVIL]: 1 }))
  if (url === '/schema') socket.send(JSON.stringify({ type: 's' + EVIL }))
  socket.on('message', (data) => {
    const { id } = JSON.parse(data)
    const error = { code: EVIL, message: EVIL }
    socket.send(JSON.stringify({ jsonrpc: '2.0', id, error }))
  })
})
const at = (path) => server.url + path

const known = () =>
  annotate(
    class Api {
      known() {}
    },
    [['known', H.OnMessage('known')]],
  )
await run('close reason', at('reason'), {}, known())
await run('bad JSON', at('json'), {}, known())
await run('unhandled key', at('key'), {}, known())
await run('unhandled message without a key', at('keyless'), {}, known())

const issuesOf = ({ type }) => ({ issues: [{ message: `Invalid option, received ${type}`, path: [type] }] })
const schema = { '~standard': { version: 1, vendor: 'x', validate: issuesOf } }
await run(
  'validation',
  at('schema'),
  {},
  annotate(
    class Api {
      all() {}
    },
    [['all', H.OnMessage(schema)]],
  ),
)

class Asking {
  async opened(_, { connection }) {
    await connection.request({ method: 'x' })
  }
}
await run('error reply', at(''), { requests: jsonRpc() }, annotate(Asking, [['opened', H.OnOpen()]]))

class Throwing {
  failing({ type }) {
    throw new Error(`cannot handle ${type}`)
  }
}
await run("a handler's own error", at('schema'), {}, annotate(Throwing, [['failing', H.OnMessage()]]))

const subscribed = annotate(
  class Api {
    constructor(subscriptions) {
      const ack = ({ type }) => new Error(`refused: ${type}`)
      subscriptions.add('a' + EVIL, {}, { ack })
    }
    rest() {}
  },
  [['rest', H.OnMessage()]],
  { inject: [H.Subscriptions] },
)
await run('rejected subscription', at('schema'), {}, subscribed)

/** Responds to each request with a raw head. */
async function answering(head) {
  const raw = net.createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', () => socket.end(head, 'latin1'))
  })
  await new Promise((resolve) => raw.listen(0, '127.0.0.1', resolve))
  return `ws://127.0.0.1:${raw.address().port}/`
}
const refusing = (text) => `HTTP/1.1 ${text}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`
await run('status text', await answering(refusing('503 forged line \u001b[31mNope\u0007')), {}, known())

// The console as the logger prints stacks, and would print a cause unescaped.
const printed = []
const kept = { ...console }
for (const level of ['debug', 'info', 'warn', 'error'])
  console[level] = (...args) => printed.push(...args.map(String))
for (const path of ['schema', 'json']) {
  const client = await H.bootstrap(
    path === 'json'
      ? known()
      : annotate(
          class Api {
            f({ type }) {
              throw new Error(type)
            }
          },
          [['f', H.OnMessage()]],
        ),
    at(path),
    {
      logger: console,
      reconnect: false,
      heartbeat: false,
    },
  )
  await until(() => printed.some((text) => text.includes('forged line')), 'it is printed')
  await client.close()
}
Object.assign(console, kept)
check(
  printed.flatMap((text) => text.split('\n    at ')).every((text) => !RAW.test(text)),
  `console: ${JSON.stringify(printed.find((text) => text.includes('forged')))}`.slice(0, 300),
)
await sleep(0)
end()
