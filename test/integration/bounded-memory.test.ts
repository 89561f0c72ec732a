import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { expect } from 'chai'
import { BackpressureError } from 'holdfast'
import type { ClientOptions } from 'holdfast'
import { KeepingLogger } from '../support/keeping-logger.js'
import { rejection } from '../support/rejection.js'
import { ready } from '../support/rig.js'

const MARK = 4
const LIMIT = 16 * MARK
const CHUNK = 10
const INTERVAL = 1_000

describe('Bounded memory', () => {
  let read = 0
  const count = (): void => void (read += 1)
  before(() => subscribe('holdfast:message', count))
  beforeEach(() => (read = 0))
  after(() => unsubscribe('holdfast:message', count))

  /** Starts a client whose handlers the test settles, and a peer whose frames arrive in chunks. */
  async function flooded(options: ClientOptions = {}) {
    const releases: (() => void)[] = []
    const rig = await ready(
      { highWaterMark: MARK, heartbeat: { interval: INTERVAL, timeout: INTERVAL / 2 }, ...options },
      { message: () => new Promise<void>((resolve) => releases.push(resolve)) },
    )
    rig.server.peer.chunk = CHUNK
    for (let index = 0; index < 1_000; index += 1) rig.server.peer.send(index)
    const handle = async (messages: number): Promise<void> => {
      for (let handled = 0; handled < messages; handled += 1) {
        releases.shift()?.()
        await rig.clock.settle()
      }
    }
    return { ...rig, handle }
  }

  it('probes a paused socket, but stops reading above 16 times the mark, however long it takes', async () => {
    const { clock, server, witness } = await flooded()
    expect(read).to.equal(MARK + 1)
    await clock.advance(100 * INTERVAL)
    expect(read).to.be.within(LIMIT + 1, LIMIT + CHUNK)
    expect(server.peer.isPaused).to.equal(true)
    expect(witness.closes).to.deep.equal([])
  })

  it('does not count unread data as silence, and restarts the heartbeat when reading resumes', async () => {
    const { clock, handle, server, witness } = await flooded()
    server.peer.isAlive = false
    await clock.advance(100 * INTERVAL)
    await handle(1_000)
    expect(server.peer.isPaused).to.equal(false)
    expect(read).to.equal(1_000)
    await clock.advance(INTERVAL / 2 - 1)
    expect(witness.closes).to.deep.equal([])
    await clock.advance(INTERVAL + 1)
    expect(witness.closes).to.have.lengthOf(1)
  })

  it('probes again below 16 times the mark', async () => {
    const { clock, handle } = await flooded()
    await clock.advance(100 * INTERVAL)
    const before = read
    await handle(before - LIMIT)
    await clock.advance(INTERVAL - 1)
    expect(read).to.equal(before)
    await clock.advance(1)
    expect(read).to.be.within(before + 1, before + CHUNK)
  })

  it('rejects pending and new waitFor() calls above 16 times the mark', async () => {
    const { client } = await flooded({ concurrency: 1 })
    const waiting = [client.connection.waitFor(() => false), client.connection.waitFor(() => false)]
    expect(await Promise.all(waiting.map(rejection))).to.satisfy((errors: unknown[]) =>
      errors.every((error) => error instanceof BackpressureError),
    )
    expect(read).to.be.within(LIMIT + 1, LIMIT + CHUNK)
    expect(await rejection(client.connection.waitFor(() => false))).to.be.instanceOf(BackpressureError)
    expect(read).to.be.within(LIMIT + 1, LIMIT + CHUNK)
  })

  it('resumes reading to close gracefully, and receives the close frame', async () => {
    const { client, clock, handle, server, witness } = await flooded({ closeTimeout: 10_000 })
    await clock.advance(100 * INTERVAL)
    const closing = client.close()
    await clock.settle()
    expect(server.peer.isPaused).to.equal(false)
    await handle(LIMIT + CHUNK)
    await closing
    expect(witness.closes[0]).to.include({ code: 1000, wasClean: true })
  })

  it('warns after 30 s about an iterator that keeps the socket paused', async () => {
    const logger = new KeepingLogger()
    const { client, clock, server } = await ready({
      logger,
      heartbeat: { interval: 20_000, timeout: 10_000 },
    })
    const warnings = (): string[] => logger.lines.filter((line) => line.startsWith('warn'))
    client.connection.messages({ highWaterMark: 2 })
    for (let index = 0; index < 3; index += 1) server.peer.send(index)
    expect(server.peer.isPaused).to.equal(true)
    await clock.advance(29_999)
    expect(warnings()).to.deep.equal([])
    await clock.advance(1)
    expect(warnings()).to.have.lengthOf(1)
    expect(warnings()[0]).to.match(
      /messages\(\): an iterator opened \d+ s ago at \S+bounded-memory\.test\.[jt]s:\d+:\d+ /,
    )
    await client.close()
    expect(clock.timers).to.equal(0)
  })
})
