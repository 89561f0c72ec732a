// Case 27. kubernetes-client/python PR 2486, kubernetes/kubernetes #61346, gravitational/teleport #24106. The first byte of each binary message is a
// channel. The server sends output, then the status on channel 3, then immediately the close frame and the end of TCP. [255, 0] closes stdin.
// Expected: every byte arrives before @OnClose, the status is known, there is no reconnect, and the end of stdin is reported.
import * as H from 'holdfast'
import { annotate, check, end, serve, sleep } from './support.mjs'

const CHUNKS = 300
const server = await serve(
  (socket) =>
    socket.on('message', (data) => {
      if (data[0] !== 255) return
      for (let i = 0; i < CHUNKS; i += 1)
        socket.send(Buffer.concat([Buffer.from([1]), Buffer.alloc(4_000, i & 255)]))
      socket.send(
        Buffer.from('\x03{"status":"Failure","details":{"causes":[{"reason":"ExitCode","message":"2"}]}}'),
      )
      socket.close(1000)
      // The end of TCP deliberately follows the close frame immediately.
      setTimeout(() => socket._socket.end(), 1)
    }),
  { handleProtocols: () => 'v5.channel.k8s.io' },
)
const channels = {
  isBinary: true,
  encode: ({ channel, bytes }) => Buffer.concat([Buffer.from([channel]), bytes]),
  decode: (data) => ({ channel: data[0], bytes: data.subarray(1) }),
}
class Exec {
  constructor(connection) {
    this.connection = connection
    this.size = 0
    this.order = []
  }
  opened() {
    return { channel: 255, bytes: Buffer.from([0]) }
  }
  async out({ bytes }) {
    await null
    this.size += bytes.length
    // The handler is deliberately slow, so that the end arrives while messages are queued.
    if (this.size % 400_000 === 0) await sleep(20)
  }
  status({ bytes }) {
    this.result = JSON.parse(bytes)
    this.order.push('status')
  }
  closed() {
    this.order.push(`closed after ${this.size}`)
  }
}
annotate(
  Exec,
  [
    ['opened', H.OnOpen()],
    ['out', H.OnMessage(1)],
    ['status', H.OnMessage(3)],
    ['closed', H.OnClose()],
  ],
  {
    inject: [H.Connection],
    codec: channels,
    route: 'channel',
    reconnect: false,
    protocols: ['v5.channel.k8s.io', 'v4.channel.k8s.io'],
  },
)
const client = await H.bootstrap(Exec, server.url, { logger: false })
const { code } = await client.closed
check(client.instance.size === CHUNKS * 4_000, `output: ${client.instance.size} of ${CHUNKS * 4_000} bytes`)
check(
  client.instance.result?.details.causes[0].message === '2' &&
    client.instance.order.join() === `status,closed after ${CHUNKS * 4_000}`,
  `order: ${client.instance.order.join()}, code ${code}`,
)
check(server.count() === 1, `${server.count()} connection`)
end()
