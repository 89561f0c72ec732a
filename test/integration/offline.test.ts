import { expect } from 'chai'
import { bootstrap, MessageDroppedError, OnClose, OnError, OnOpen, OutboxFullError } from 'holdfast'
import type { Connection, ConnectionContext, OpenInfo } from 'holdfast'
import { FakeClock, MemoryServer } from 'holdfast/testing'
import { heapInUse } from '../support/heap.js'
import { isFullVolume } from '../support/test-volume.js'

const SENDS = isFullVolume ? 1_000_000 : 250_000
/** Maximum growth of the heap in bytes. It is far less than the messages take, and less than a small object per message. */
const MOST_GROWTH = SENDS * 30
const LIMIT = 1_000
const DIGITS = 7
const REST = 'x'.repeat(1_024 - DIGITS)

/** Returns a message of 1 KB that starts with its number. */
function numbered(number: number): string {
  return String(number).padStart(DIGITS, '0') + REST
}

function numberOf(message: unknown): number {
  return Number(String(message).slice(0, DIGITS))
}

/** Returns the numbers from `from` (inclusive) to `to` (exclusive). */
function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index)
}

/** Logs in, and checks each report without keeping it, because all reports together would exceed the measured memory. */
class Offline {
  /** The first reported number, the number after the last one, and the count of reports. */
  readonly reported = { first: 0, next: 0, count: 0 }
  readonly surprises: unknown[] = []

  @OnOpen()
  async opened({ isReconnect }: OpenInfo, { connection }: ConnectionContext): Promise<void> {
    void connection.send('login')
    if (isReconnect) await connection.waitFor((message) => message === 'welcome')
    void connection.send('settings')
  }

  @OnError(MessageDroppedError)
  dropped({ messages, reason }: MessageDroppedError): void {
    const { reported } = this
    for (const message of messages) {
      const number = numberOf(message)
      if (reported.count === 0) reported.first = reported.next = number
      if (reason !== 'overflow' || number !== reported.next) this.surprises.push([reason, number])
      reported.next = number + 1
      reported.count += 1
    }
  }

  @OnError()
  failed(error: Error): void {
    this.surprises.push(error)
  }

  @OnClose()
  closed(): void {
    // The end is expected. Without this method, it would be logged.
  }
}

/** Sends all numbers in order. Returns the first refused number and the count of refused ones. */
function sendAll(connection: Connection): { firstRefused: number; refused: number } {
  let firstRefused = 0
  let refused = 0
  for (let number = 0; number < SENDS; number += 1) {
    try {
      void connection.send(numbered(number))
    } catch (thrown) {
      if (!(thrown instanceof OutboxFullError)) throw thrown
      if (refused === 0) firstRefused = number
      refused += 1
    }
  }
  return { firstRefused, refused }
}

const NONE_REPORTED = { first: 0, next: 0, count: 0 }
const NONE_REFUSED = { firstRefused: 0, refused: 0 }
const OVER = SENDS - LIMIT

/** Numbers that each policy sends, reports, and refuses at the call. */
const PROMISES = {
  reject: {
    sent: range(0, LIMIT),
    reported: NONE_REPORTED,
    refused: { firstRefused: LIMIT, refused: OVER },
  },
  'drop-oldest': {
    sent: range(OVER, SENDS),
    reported: { first: 0, next: OVER, count: OVER },
    refused: NONE_REFUSED,
  },
  'drop-newest': {
    sent: range(0, LIMIT),
    reported: { first: LIMIT, next: SENDS, count: OVER },
    refused: NONE_REFUSED,
  },
} as const

describe(`${SENDS} sends of 1 KB while not connected`, function () {
  this.timeout(60_000)
  const { stackTraceLimit } = Error
  // Many errors are created here, and stack traces are not needed.
  before(() => (Error.stackTraceLimit = 0))
  after(() => (Error.stackTraceLimit = stackTraceLimit))

  for (const overflow of ['reject', 'drop-oldest', 'drop-newest'] as const) {
    it(`use less than ${MOST_GROWTH / 1e6} MB, and are sent after the login and reported as '${overflow}' promises (B15, B17)`, async () => {
      const clock = new FakeClock()
      const server = new MemoryServer()
      const options = { clock, transport: server.connect, random: () => 0.5, logger: false } as const
      const { connection, instance, close } = await connect({
        ...options,
        outbox: { limit: LIMIT, overflow },
      })
      server.peer.drop()

      const before = heapInUse()
      const refused = sendAll(connection)
      const grown = heapInUse() - before

      expect(grown, `${grown} bytes more`).to.be.lessThan(MOST_GROWTH)
      expect(connection.bufferedAmount).to.equal(LIMIT * 1_024)
      await clock.advance(2_000)
      expect(server.peer.received, 'before the login is answered').to.deep.equal(['login'])
      server.peer.send('"welcome"')
      await clock.settle()

      const promised = PROMISES[overflow]
      const [login, settings, ...sent] = server.peer.received
      expect([login, settings]).to.deep.equal(['login', 'settings'])
      expect(sent.map(numberOf)).to.deep.equal(promised.sent)
      expect(sent.every((message) => message === numbered(numberOf(message)))).to.equal(true)
      expect({ refused, reported: instance.reported }).to.deep.equal({
        refused: promised.refused,
        reported: promised.reported,
      })
      expect(instance.surprises).to.deep.equal([])
      await close()
    })
  }
})

async function connect(options: Parameters<typeof bootstrap>[2]) {
  const client = await bootstrap(Offline, 'ws://peer.test', options)
  return { connection: client.connection, instance: client.instance, close: () => client.close() }
}
