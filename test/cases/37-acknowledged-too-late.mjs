// Case 37. slackapi/bolt-js #2487, slackapi/bolt-python #1027, vercel/chat #666. Each event must be acknowledged within 3 s (0.3 s here), or it is
// sent again. The handler is slow, and events arrive in twos and threes. Expected: each is acknowledged in time and handled once, in order.
import * as H from 'holdfast'
import { annotate, check, end, note, serve, sleep, until } from './support.mjs'

const EVENTS = 5
const run = async (define, options) => {
  let again = 0
  const server = await serve((socket) => {
    const pending = new Map()
    const deliver = (id) => {
      socket.send(JSON.stringify({ type: 'events_api', envelope_id: id }))
      const repeat = () => {
        again += 1
        if (again < 30) deliver(id)
      }
      pending.set(id, setTimeout(repeat, 300))
    }
    socket.on('message', (data) => {
      const { envelope_id: id } = JSON.parse(data)
      clearTimeout(pending.get(id))
    })
    for (let i = 0; i < EVENTS; i += 1) deliver(`e${i}`)
  })
  const handled = []
  const client = await H.bootstrap(define(handled), server.url, { logger: false, ...options })
  await until(() => handled.length >= EVENTS, 'all events are handled')
  // An event that is sent again arrives within 300 ms, and is handled within another 200 ms.
  await sleep(700)
  await client.connection.terminate()
  server.close()
  return { again, handled: handled.join() }
}
const work = async (handled, id) => {
  await sleep(200)
  handled.push(id)
}
const plain = (handled) => {
  class Bot {
    constructor(json) {
      this.json = json
    }
    async event({ envelope_id: id }) {
      void this.json.send({ envelope_id: id })
      await work(handled, id)
    }
  }
  return annotate(Bot, [['event', H.OnMessage('events_api')]], { inject: [H.JsonSender] })
}
const serial = await run(plain)
note(
  `acknowledged at the start of the handler, concurrency 1: ${serial.again} sent again, handled ${serial.handled}`,
)
const acknowledging = (handled) => {
  class Bot {
    async opened() {
      await sleep(500) // longer than the server waits
    }
    async event({ envelope_id: id }) {
      await work(handled, id)
    }
  }
  const roles = [
    ['opened', H.OnOpen()],
    ['event', H.OnMessage('events_api')],
  ]
  return annotate(Bot, roles, {
    ackOnArrival: ({ envelope_id }) => (envelope_id ? { envelope_id } : undefined),
  })
}
const right = await run(acknowledging)
check(
  right.again === 0 && right.handled === 'e0,e1,e2,e3,e4',
  `acknowledged on arrival, even during @OnOpen (1 line): ${right.again} sent again, handled ${right.handled}`,
)
end()
