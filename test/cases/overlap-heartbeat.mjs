// Heartbeat.configure() in the @OnOpen of a new connection (with the interval that its server announces) applies to that connection, even during a
// handover.
import * as H from 'holdfast'
import { FakeClock, MemoryServer } from 'holdfast/testing'
import { annotate, check, end } from './support.mjs'

const ANNOUNCED = [1_000, 300]
const STYLES = {
  ping: { interval: 20_000, timeout: 10_000 },
  message: {
    interval: 20_000,
    timeout: 10_000,
    message: () => ({ type: 'beat' }),
    isReply: ({ type }) => type === 'ack',
  },
}
for (const [style, heartbeat] of Object.entries(STYLES)) {
  const server = new MemoryServer()
  const clock = new FakeClock()
  const beats = new Map()
  const beatsOf = (peer) => peer.pings + (beats.get(peer) ?? 0)
  server.onAttempt = (peer) => {
    peer.onMessage = (data) => {
      if (JSON.parse(data).type !== 'beat') return
      beats.set(peer, (beats.get(peer) ?? 0) + 1)
      peer.send({ type: 'ack' })
    }
    peer.accept()
  }
  let openings = 0
  class Announced {
    constructor(heartbeatOfLink) {
      this.heartbeat = heartbeatOfLink
    }
    async opened() {
      await null
      this.heartbeat.configure({ interval: ANNOUNCED[openings] })
      openings += 1
    }
    message() {}
  }
  annotate(
    Announced,
    [
      ['opened', H.OnOpen()],
      ['message', H.OnMessage()],
    ],
    { inject: [H.Heartbeat] },
  )
  const options = { logger: false, transport: server.connect, clock, heartbeat }
  const starting = H.bootstrap(Announced, 'ws://peer.test', options)
  await clock.settle()
  const client = await starting
  await clock.advance(6_000)
  const first = beatsOf(server.peers[0])
  client.connection.reconnect({ overlap: true })
  await clock.advance(1_000)
  const before = beatsOf(server.peers[1])
  await clock.advance(6_000)
  const second = beatsOf(server.peers[1]) - before
  check(
    first >= 5 && first <= 6 && second >= 19 && second <= 21,
    `${style} heartbeats, announced every 1000 ms, then every 300 ms on the connection that replaces it: in 6 s there were ${first}, then ${second} (20 expected)`,
  )
}
end()
