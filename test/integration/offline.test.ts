import { expect } from 'chai'
import { bootstrap, MessageDroppedError, OnClose, OnError, OnOpen, OutboxFullError } from 'holdfast'
import type { Connection, ConnectionContext, OpenInfo } from 'holdfast'
import { FakeClock, MemoryServer } from 'holdfast/testing'
import { heapInUse } from '../support/heap.js'
import { isFullVolume } from '../support/test-volume.js'

const SENDS = isFullVolume ? 1_000_000 : 250_000
/** What the memory may grow by, in bytes: far less than the messages have, and less than a small object for each of them. */
const MOST_GROWTH = SENDS * 30
const LIMIT = 1_000
const DIGITS = 7
const REST = 'x'.repeat(1_024 - DIGITS)

/** A message of 1 KB: its number, and what all of them share. */
function numbered(number: number): string {
  return String(number).padStart(DIGITS, '0') + REST
}

function numberOf(message: unknown): number {
  return Number(String(message).slice(0, DIGITS))
}

/** The numbers from one up to, and without, the other. */
function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index)
}

/** Logs in, and looks at each report without keeping it: all of them would weigh more than what is measured. */
class Offline {
  /** The lowest number that was reported, the one after the highest, and how many there were. */
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
    // The end is expected; without this method it would be logged.
  }
}

/** Sends all numbers in order, and returns which of them were refused: from which on, and how many. */
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

/** What each policy promises: which are sent, which are reported, and which are refused at the call. */
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
  // As many errors are made here, and nobody reads where.
  before(() => (Error.stackTraceLimit = 0))
  after(() => (Error.stackTraceLimit = stackTraceLimit))

  for (const overflow of ['reject', 'drop-oldest', 'drop-newest'] as const) {
    it(`needs less than ${MOST_GROWTH / 1e6} MB, and sends and reports what '${overflow}' promises, login first (B15, B17)`, async () => {
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
