// Case 19. jmesnil/stomp-websocket #55, stomp-js/stompjs PR 62 (similar to MQTT and NATS over WebSocket, and to Discord's zlib-stream). One frame
// spans several WebSocket messages, so decoding has a state. The connection is lost in the middle, and two clients of one class run. Expected: every
// frame is complete, and none contains parts from another or an earlier connection.
import * as H from 'holdfast'
import { textCodec } from 'holdfast/codecs'
import { QUICK, annotate, check, end, note, serve, sleep, until } from './support.mjs'

const FRAMES = 5
const frame = (text) => `MESSAGE\ndestination:/q\n\n${text}\0`
const counts = {}
const server = await serve(async (socket, request) => {
  const [, run, who] = request.url.split('/')
  const count = (counts[run + who] = (counts[run + who] ?? 0) + 1)
  for (let i = 0; i < FRAMES; i += 1) {
    const text = frame(`${who}${count}.${i} ${'x'.repeat(50)}`)
    for (let at = 0; at < text.length; at += 20) {
      socket.send(text.slice(at, at + 20))
      await sleep(2)
    }
  }
  socket.send(frame('never whole').slice(0, 25)) // the start of a frame, before the connection is lost
  if (count <= 1) setTimeout(() => socket.terminate(), 20)
})
const isWhole = (body) => /^[ab]\d+\.\d x{50}$/.test(body)
const parse = (text) => {
  const [head, body] = text.split('\n\n')
  return { command: head.split('\n')[0], body }
}

/** A codec with a state. */
const stomp = () => {
  let rest = ''
  return {
    encode: String,
    decode: (data) => {
      const parts = (rest + data).split('\0')
      rest = parts.pop()
      return parts.map(parse)
    },
  }
}
// A: one codec per link
class ByCodec {
  constructor() {
    this.bodies = []
  }
  received({ body }) {
    this.bodies.push(body)
  }
  failed() {}
}
const roles = [
  ['received', H.OnMessage('MESSAGE')],
  ['failed', H.OnError()],
]
annotate(ByCodec, roles, { codec: stomp, unpack: (list) => list, route: 'command' })
// B: plain text, joined in the handler, which has the life cycle of the connection
class ByHand {
  constructor() {
    this.bodies = []
  }
  opened() {
    this.rest = ''
  }
  received(data) {
    const parts = (this.rest + data).split('\0')
    this.rest = parts.pop()
    for (const { command, body } of parts.map(parse)) if (command === 'MESSAGE') this.bodies.push(body) // no route, no schema, no request
  }
  failed() {}
}
annotate(
  ByHand,
  [
    ['opened', H.OnOpen()],
    ['received', H.OnMessage()],
    ['failed', H.OnError()],
  ],
  { codec: textCodec },
)
const run = async (Class) => {
  const before = server.count()
  const url = (who) => `${server.url}${Class.name}/${who}`
  const clients = await Promise.all(
    ['a', 'b'].map((who) => H.bootstrap(Class, url(who), { logger: false, reconnect: QUICK })),
  )
  const bodies = () => clients.flatMap(({ instance }) => instance.bodies)
  await until(() => server.count() - before === 4, 'both clients have connected again')
  await until(() => bodies().filter(isWhole).length >= 4 * FRAMES, 'all frames have arrived').catch(
    () => undefined,
  )
  await Promise.all(clients.map((client) => client.connection.terminate()))
  return {
    whole: bodies().filter(isWhole).length,
    broken: bodies().filter((body) => !isWhole(body)).length,
    connections: server.count() - before,
  }
}
const byCodec = await run(ByCodec)
check(
  byCodec.broken === 0 && byCodec.whole === byCodec.connections * FRAMES,
  `as a codec per link: ${byCodec.whole} whole, ${byCodec.broken} broken, of ${byCodec.connections * FRAMES}`,
)
const byHand = await run(ByHand)
note(
  `in the handler (6 lines, without routes, schemas, requests, acks or heartbeats): ${byHand.whole} whole, ${byHand.broken} broken, of ${byHand.connections * FRAMES}`,
)
end()
