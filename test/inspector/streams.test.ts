import { expect } from 'chai'
import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import { FakeClock } from 'holdfast/testing'
import type { LiveConnection } from '#src/diagnostics/live-connections.js'
import { Collector } from '#src/inspector/collector.js'
import { MOST_STREAMS, PERIOD, Streams } from '#src/inspector/streams.js'
import { FakeLiveConnection } from '../support/live-connection.js'

/** Response of which a test sees the text. */
class FakeResponse extends EventEmitter {
  text = ''
  writableLength = 0
  isEnded = false
  isDestroyed = false

  write(text: string): void {
    this.text += text
  }

  end(): void {
    this.isEnded = true
    this.emit('close')
  }

  destroy(): void {
    this.isDestroyed = true
    this.emit('close')
  }

  /** Returns the names and the data of all events so far. */
  get events(): [string, { rows: { connection: string }[]; details?: { connection: string } }][] {
    return [...this.text.matchAll(/^event: (.*)\ndata: (.*)\n\n/gm)].map(([, name = '', data = '']) => [
      name,
      JSON.parse(data),
    ])
  }
}

describe('Streams', () => {
  let clock: FakeClock
  let live: Set<LiveConnection>
  let collector: Collector
  let streams: Streams

  beforeEach(() => {
    clock = new FakeClock()
    live = new Set()
    collector = new Collector(clock, live)
    collector.start()
    streams = new Streams(clock, collector)
    streams.start()
  })

  afterEach(() => {
    streams.stop()
    collector.stop()
  })

  function open(connection?: string): FakeResponse {
    const response = new FakeResponse()
    streams.open(response as unknown as ServerResponse, connection)
    return response
  }

  it('sends everything first, and then once per second what has changed', async () => {
    const connection = new FakeLiveConnection('prices#1', {}, live)
    await clock.advance(PERIOD)
    const response = open()
    connection.receive()
    await clock.advance(PERIOD)
    await clock.advance(PERIOD)
    const [first, second, third] = response.events
    expect(response.text).to.match(/^retry: 1000\n/)
    expect(first?.[0]).to.equal('overview')
    expect(first?.[1].rows.map((row) => row.connection)).to.deep.equal(['prices#1'])
    expect(second?.[1].rows).to.deep.equal([{ connection: 'prices#1', received: 1 }])
    expect(third?.[1].rows).to.deep.equal([{ connection: 'prices#1', received: 0 }])
  })

  it('sends the details of one connection to each page', async () => {
    for (const name of ['a#1', 'b#1']) new FakeLiveConnection(name, {}, live)
    await clock.advance(PERIOD)
    const responses = [open('a#1'), open('b#1'), open(), open('unknown')]
    await clock.advance(PERIOD)
    for (const index of [0, 1]) {
      const shown = responses.map(({ events }) => events[index]?.[1].details?.connection)
      expect(shown).to.deep.equal(['a#1', 'b#1', undefined, undefined])
    }
  })

  it('goes on collecting while no page is open', async () => {
    const connection = new FakeLiveConnection('prices#1', {}, live)
    connection.receive(4)
    await clock.advance(PERIOD)
    await clock.advance(PERIOD)
    expect(collector.detailsOf('prices#1')?.plots.received).to.deep.equal([4, 0])
  })

  it('ends a stream whose page does not read it, so that it does not fill the memory', async () => {
    const response = open()
    response.writableLength = 5_000_000
    await clock.advance(PERIOD)
    expect(response.isDestroyed).to.equal(true)
    expect(response.events).to.have.length(1)
  })

  it('limits the number of pages, and forgets pages that are closed', () => {
    const responses = Array.from({ length: MOST_STREAMS }, () => open())
    expect(streams.isFull).to.equal(true)
    responses[0]?.destroy()
    expect(streams.isFull).to.equal(false)
  })

  it('ends all streams and its timer when it stops', () => {
    const response = open()
    streams.stop()
    expect(response.isEnded).to.equal(true)
    expect(clock.timers).to.equal(0)
  })
})
