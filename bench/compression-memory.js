// Memory per connection with and without compression. Starts one process per setting and a server, both on this machine:
//   npm run build && node bench/compression-memory.js
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const CONNECTIONS = 500

/** The settings to compare. */
const ROWS = [
  ['`false`', false],
  ['`true`', true],
  ['`{ memLevel: 5 }`', { memLevel: 5 }],
  ['`{ clientMaxWindowBits: 12, memLevel: 5 }`', { clientMaxWindowBits: 12, memLevel: 5 }],
  [
    '`{ serverMaxWindowBits: 12, clientMaxWindowBits: 12, memLevel: 5 }`',
    { serverMaxWindowBits: 12, clientMaxWindowBits: 12, memLevel: 5 },
  ],
  [
    '`{ serverMaxWindowBits: 10, clientMaxWindowBits: 10, memLevel: 1 }`',
    { serverMaxWindowBits: 10, clientMaxWindowBits: 10, memLevel: 1 },
  ],
  [
    '`{ serverNoContextTakeover: true, clientNoContextTakeover: true }`',
    { serverNoContextTakeover: true, clientNoContextTakeover: true },
  ],
]

/** Messages that each connection sends and receives: their number and their items, of 23 B each. The windows are 32 KiB. */
const TRAFFIC = [
  { title: '3 messages of 1 KB', count: 3, items: 40 },
  { title: '8 messages of 9 KB', count: 8, items: 400 },
]

/** A message that compresses about as well as usual JSON. */
function message(id, size) {
  const items = Array.from({ length: size }, (_, index) => ({
    id: id * size + index,
    price: (index * 7_919) % 1_000,
  }))
  return JSON.stringify({ type: 'book', items })
}

async function serve() {
  const { WebSocketServer } = await import('ws')
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: { threshold: 0 } })
  server.on('connection', (socket) => socket.on('message', (data) => socket.send(data.toString())))
  await once(server, 'listening')
  process.send(`ws://127.0.0.1:${server.address().port}`)
}

/** Opens connections that each send and receive a few messages, and reports the memory that each keeps. */
async function measure({ url, compression, count, items: size }) {
  const { bootstrap, OnMessage, WebSocketClient } = await import('../dist/index.js')
  let received = 0
  class Client {
    book() {
      received += 1
    }
  }
  OnMessage('book')(Client.prototype, 'book', Object.getOwnPropertyDescriptor(Client.prototype, 'book'))
  WebSocketClient({ url, compression, heartbeat: false, logger: false })(Client)
  const clients = []
  const open = async (connections) => {
    for (let index = 0; index < connections; index += 1) {
      const client = await bootstrap(Client)
      clients.push(client)
      for (let id = 0; id < count; id += 1) await client.connection.send(message(id, size))
    }
    while (received < clients.length * count) await sleep(10)
  }
  await open(50)
  const before = await memory()
  await open(CONNECTIONS)
  const after = await memory()
  process.send((after - before) / CONNECTIONS / 1024)
}

async function memory() {
  for (let round = 0; round < 5; round += 1) {
    globalThis.gc()
    await sleep(50)
  }
  return process.memoryUsage().rss
}

async function answerOf(...values) {
  const child = fork(fileURLToPath(import.meta.url), values, { execArgv: ['--expose-gc'] })
  const [answer] = await once(child, 'message')
  return { child, answer }
}

const [role, spec] = process.argv.slice(2)
if (role === 'serve') await serve()
else if (role === 'measure') {
  await measure(JSON.parse(spec))
  process.exit()
} else {
  const { child: server, answer: url } = await answerOf('serve')
  console.log(
    `KB of memory (RSS) per connection\n| compression | ${TRAFFIC.map(({ title }) => title).join(' | ')} |`,
  )
  for (const [name, compression] of ROWS) {
    const cells = []
    for (const traffic of TRAFFIC) {
      const { answer } = await answerOf('measure', JSON.stringify({ url, compression, ...traffic }))
      cells.push(answer.toFixed(0))
    }
    console.log(`| ${[name, ...cells].join(' | ')} |`)
  }
  server.kill()
}
