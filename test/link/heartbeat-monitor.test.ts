import { expect } from 'chai'
import { ConnectionLostError, HeartbeatTimeoutError } from 'holdfast'
import { FakeClock } from 'holdfast/testing'
import type { HeartbeatSettings } from '#src/link/heartbeat.js'
import { jsonCodec } from 'holdfast/codecs'
import { HeartbeatMonitor } from '#src/link/heartbeat-monitor.js'
import { TEXT } from '../support/heartbeat-settings.js'
import { FACTS } from '../support/facts.js'

const PING: HeartbeatSettings = { style: 'ping', interval: 20_000, timeout: 10_000 }
const SILENCE: HeartbeatSettings = { style: 'silence', silence: 30_000 }
const OFF: HeartbeatSettings = { style: 'off' }
const LOST = new ConnectionLostError('It was lost', 1006, '')

/** A message heartbeat whose messages are numbered. */
function byMessage(extra: object = {}): HeartbeatSettings {
  let count = 0
  const message = (): unknown => ({ beat: (count += 1) })
  return { style: 'message', interval: 20_000, timeout: 10_000, message, ...extra }
}

/** A monitor whose peer replies only if asked to. The rig records everything the monitor does. */
function rig(settings: HeartbeatSettings) {
  const clock = new FakeClock()
  const notes = {
    isPaused: false,
    resumedAt: 0,
    pings: [] as Uint8Array[],
    beats: [] as unknown[],
    deaths: [] as HeartbeatTimeoutError[],
    failures: [] as unknown[],
    /** The texts that it wants consumed. */
    replies: [] as string[],
  }
  const port = {
    /** Called when the peer is pinged. */
    answer: undefined as ((data: Uint8Array) => void) | undefined,
    /** Whether our process holds back what is sent; `release` lets it leave. */
    isHolding: false,
    held: [] as (() => void)[],
    release(): void {
      port.isHolding = false
      for (const leave of port.held.splice(0)) leave()
    },
    readyAt: undefined as number | undefined,
    beat: (message: unknown): void => void notes.beats.push(message),
  }
  const hold = (leave: () => void): void => {
    if (port.isHolding) port.held.push(leave)
    else leave()
  }
  const socket: { bufferedAmount: number; bytesRead: number; bytesWritten?: number } = {
    bufferedAmount: 0,
    bytesRead: 0,
  }
  const link = {
    isOpen: true,
    consumeText: (reply: string): void => void notes.replies.push(reply),
    get readSince() {
      return notes.isPaused ? Infinity : notes.resumedAt
    },
    transport: Object.assign(socket, {
      ping: (data: Uint8Array, flushed?: () => void): void => {
        hold(() => {
          notes.pings.push(data)
          flushed?.()
          port.answer?.(data)
        })
      },
    }),
    sendUrgent: (data: string | Uint8Array, flushed: () => void): void => {
      hold(() => {
        port.beat(settings.style === 'text' ? data : JSON.parse(String(data)))
        flushed()
      })
    },
  }
  const owner = {
    get readyAt() {
      return port.readyAt
    },
    facts: FACTS,
    onLinkDead: (error: HeartbeatTimeoutError) => void notes.deaths.push(error),
  }
  const hub = {
    withRequestId: (message: unknown): unknown => message,
    onHeartbeatError: (thrown: unknown) => void notes.failures.push(thrown),
  }
  const monitor = new HeartbeatMonitor({ heartbeat: settings, clock, codec: jsonCodec }, link, owner, hub)
  const answerAll = (): void => {
    port.answer = (data) => {
      monitor.onData(clock.now())
      monitor.onPong(data)
    }
  }
  /** Does what a link does when `@OnOpen` has completed. */
  const onReady = (): void => {
    port.readyAt = clock.now()
    monitor.onReady()
  }
  return { clock, notes, port, link, socket, monitor, answerAll, onReady }
}

/** Returns the reason with which a promise rejects. */
function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail('it resolved'),
    (error: unknown) => error,
  )
}

describe('HeartbeatMonitor', () => {
  describe('with pings', () => {
    it('sends a ping once per interval, starting after one interval (B7)', async () => {
      const { clock, notes, answerAll } = rig(PING)
      answerAll()
      await clock.advance(19_999)
      expect(notes.pings).to.have.length(0)
      await clock.advance(1)
      expect(notes.pings).to.have.length(1)
      await clock.advance(40_000)
      expect(notes.pings).to.have.length(3)
      expect(notes.deaths).to.deep.equal([])
    })

    it('considers the peer lost after interval + timeout', async () => {
      const { clock, notes } = rig(PING)
      await clock.advance(29_999)
      expect(notes.deaths).to.deep.equal([])
      await clock.advance(1)
      expect(notes.deaths).to.have.length(1)
      expect(notes.deaths[0]).to.be.instanceOf(HeartbeatTimeoutError)
      expect(notes.deaths[0]?.message).to.contain('30000 ms (heartbeat unanswered)')
    })

    it('treats any frame as a sign of life', async () => {
      const { clock, notes, monitor } = rig(PING)
      await clock.advance(25_000)
      monitor.onData(clock.now())
      await clock.advance(10_000)
      expect(notes.deaths).to.deep.equal([])
    })

    it('waits one turn before it times out for data that the network has ready (B32)', async () => {
      const { clock, notes, monitor } = rig(PING)
      await clock.advance(20_000)
      const { nextTurn } = clock
      // Data that a blocked process finds in its sockets arrives before the final check.
      clock.nextTurn = (callback) => {
        monitor.onData(clock.now())
        return nextTurn.call(clock, callback)
      }
      await clock.advance(10_000)
      expect(notes.deaths).to.deep.equal([])
      await clock.advance(10_000)
      expect(notes.pings).to.have.length(2)
    })

    it('sends another ping before it times out after a sleep (B32)', async () => {
      const { clock, notes, answerAll } = rig(PING)
      await clock.advance(20_000)
      answerAll()
      await clock.jump(600_000)
      expect(notes.pings).to.have.length(2)
      expect(notes.deaths).to.deep.equal([])
      await clock.advance(60_000)
      expect(notes.deaths).to.deep.equal([])
    })

    it('reports a dead peer once after a sleep (B32)', async () => {
      const { clock, notes } = rig(PING)
      await clock.advance(20_000)
      await clock.jump(600_000)
      expect(notes.deaths).to.deep.equal([])
      await clock.advance(10_000)
      expect(notes.deaths).to.have.length(1)
    })

    it('does not time out while the link is not being read (B41)', async () => {
      const { clock, notes } = rig(PING)
      notes.isPaused = true
      await clock.advance(120_000)
      expect(notes.deaths).to.deep.equal([])
      notes.isPaused = false
      await clock.advance(30_000)
      expect(notes.deaths).to.have.length(1)
    })

    it('does not send an early ping because of a timeout that the link could not have noticed (B41)', async () => {
      const { clock, notes } = rig(PING)
      await clock.advance(20_000)
      notes.isPaused = true
      await clock.advance(19_999)
      expect(notes.pings).to.have.length(1)
      await clock.advance(1)
      expect(notes.pings).to.have.length(2)
    })

    it('does not time out if reading stops in the turn of the final check (B41)', async () => {
      const { clock, notes } = rig(PING)
      await clock.advance(20_000)
      const { nextTurn } = clock
      clock.nextTurn = (callback) => {
        notes.isPaused = true
        return nextTurn.call(clock, callback)
      }
      await clock.advance(10_000)
      expect(notes.deaths).to.deep.equal([])
    })

    it('measures the round trip', async () => {
      const { clock, notes, monitor } = rig(PING)
      await clock.advance(20_000)
      await clock.advance(120)
      monitor.onPong(notes.pings[0]!)
      expect(monitor.latency).to.equal(120)
    })
  })

  describe('with messages', () => {
    it('starts only once the connection is ready', async () => {
      const { clock, notes, monitor } = rig(byMessage())
      await clock.advance(100_000)
      expect(notes.beats).to.deep.equal([])
      expect(clock.timers).to.equal(0)
      monitor.onReady()
      await clock.advance(20_000)
      expect(notes.beats).to.deep.equal([{ beat: 1 }])
      expect(notes.pings).to.deep.equal([])
      await clock.advance(10_000)
      expect(notes.deaths).to.have.length(1)
    })

    it('recognizes the reply, and updates the latency once', async () => {
      const isReply = (message: unknown): boolean => message === 'pong'
      const { clock, monitor } = rig(byMessage({ isReply }))
      monitor.onReady()
      await clock.advance(20_050)
      expect(monitor.isReply('tick')).to.equal(false)
      expect(monitor.isReply('pong')).to.equal(true)
      expect(monitor.latency).to.equal(50)
    })

    it('calls isReply only while a heartbeat is unanswered', async () => {
      const asked: unknown[] = []
      const isReply = (message: unknown): boolean => {
        asked.push(message)
        return message === 'pong'
      }
      const { clock, port, monitor } = rig(byMessage({ isReply }))
      monitor.onReady()
      expect(monitor.isReply('pong')).to.equal(false)
      port.isHolding = true
      await clock.advance(20_000)
      expect(monitor.isReply('pong')).to.equal(false)
      port.release()
      expect(monitor.isReply('tick')).to.equal(false)
      expect(monitor.isReply('pong')).to.equal(true)
      expect(monitor.isReply('pong')).to.equal(false)
      expect(asked).to.deep.equal(['tick', 'pong'])
    })

    it('reports once that isReply returns a promise, and never treats the promise as true', async () => {
      let asked = 0
      const isReply = (): unknown => {
        asked += 1
        return Promise.reject(new Error('never awaited'))
      }
      const { clock, notes, monitor, onReady } = rig(byMessage({ isReply }))
      onReady()
      await clock.advance(20_000)
      for (let count = 0; count < 3; count += 1) expect(monitor.isReply('pong')).to.equal(false)
      monitor.onData(clock.now())
      await clock.advance(20_000)
      expect(monitor.isReply('pong')).to.equal(false)
      expect(asked).to.equal(1)
      expect(notes.beats).to.have.length(2)
      expect(notes.failures.map(String)).to.deep.equal([
        'TypeError: heartbeat.isReply returned a promise, which is not awaited. Return the value itself, and do asynchronous work in a handler',
      ])
    })

    it('reports a message function that returns a promise, and sends nothing', async () => {
      const message = (): unknown => Promise.reject(new Error('never awaited'))
      const { clock, notes, monitor } = rig(byMessage({ message }))
      monitor.onReady()
      await clock.advance(20_000)
      expect(notes.beats).to.deep.equal([])
      expect(String(notes.failures[0])).to.contain('heartbeat.message returned a promise')
    })

    it('sends nothing once the link is closing', async () => {
      const { clock, link, notes, monitor } = rig(byMessage())
      monitor.onReady()
      link.isOpen = false
      await clock.advance(100_000)
      expect([notes.beats, notes.failures, notes.deaths]).to.deep.equal([[], [], []])
    })

    it('recognizes no replies if isReply is not set or the style is different', async () => {
      for (const { clock, monitor } of [rig(byMessage()), rig(PING)]) {
        monitor.onReady()
        await clock.advance(20_000)
        expect(monitor.isReply('pong')).to.equal(false)
      }
    })

    it('reports an isReply function that throws, and does not treat the message as a reply', async () => {
      const thrown = new Error('oops')
      const isReply = (): boolean => {
        throw thrown
      }
      const { clock, notes, monitor } = rig(byMessage({ isReply }))
      monitor.onReady()
      await clock.advance(20_000)
      expect(monitor.isReply('pong')).to.equal(false)
      expect(notes.failures).to.deep.equal([thrown])
    })

    it('reports a message function that throws, and keeps sending heartbeats', async () => {
      const thrown = new Error('oops')
      let isBroken = true
      const message = (): unknown => {
        if (isBroken) throw thrown
        return 'beat'
      }
      const { clock, notes, monitor } = rig(byMessage({ message }))
      monitor.onReady()
      await clock.advance(20_000)
      expect(notes.failures).to.deep.equal([thrown])
      monitor.onData(clock.now())
      isBroken = false
      await clock.advance(20_000)
      expect(notes.beats).to.deep.equal(['beat'])
    })

    it('reports a heartbeat that cannot be sent', async () => {
      const thrown = new Error('not encodable')
      const { clock, notes, port, monitor } = rig(byMessage())
      port.beat = () => {
        throw thrown
      }
      monitor.onReady()
      await clock.advance(20_000)
      expect(notes.failures).to.deep.equal([thrown])
    })
  })

  describe('with texts', () => {
    it('sends the text unchanged, and only once the connection is ready', async () => {
      const { clock, notes, monitor } = rig(TEXT)
      await clock.advance(100_000)
      expect(notes.beats).to.deep.equal([])
      monitor.onReady()
      await clock.advance(20_000)
      expect(notes.beats).to.deep.equal(['ping'])
      await clock.advance(10_000)
      expect(notes.deaths).to.have.length(1)
    })

    it('makes the link consume the reply, both from the start and after #configure', () => {
      expect(rig(TEXT).notes.replies).to.deep.equal(['pong'])
      const { monitor, notes } = rig(PING)
      expect(notes.replies).to.deep.equal([])
      monitor.configure(() => ({ ...TEXT, reply: 'PONG' }))
      expect(notes.replies).to.deep.equal(['PONG'])
    })

    it('measures the latency only with the reply to a heartbeat', async () => {
      const { clock, monitor, onReady } = rig(TEXT)
      onReady()
      monitor.onReply()
      expect(monitor.latency).to.equal(undefined)
      await clock.advance(20_050)
      monitor.onReply()
      expect(monitor.latency).to.equal(50)
      await clock.advance(100)
      monitor.onReply()
      expect(monitor.latency).to.equal(50)
    })

    it('sends nothing once the link is closing', async () => {
      const { clock, link, notes, monitor } = rig(TEXT)
      monitor.onReady()
      link.isOpen = false
      await clock.advance(20_000)
      expect(notes.beats).to.deep.equal([])
    })

    it('does not treat its reply as the reply to a message heartbeat', async () => {
      const { clock, monitor, onReady } = rig(byMessage())
      onReady()
      await clock.advance(20_000)
      monitor.configure(() => TEXT)
      monitor.onReply()
      expect(monitor.latency).to.equal(undefined)
    })
  })

  describe('with silence', () => {
    it('considers a peer that is silent from the start lost, and never sends anything (B8)', async () => {
      const { clock, notes } = rig(SILENCE)
      await clock.advance(29_999)
      expect(notes.deaths).to.deep.equal([])
      await clock.advance(1)
      expect(notes.deaths[0]?.message).to.contain('30000 ms (heartbeat.silence is 30000 ms)')
      expect(notes.pings).to.deep.equal([])
      expect(notes.beats).to.deep.equal([])
    })

    it('keeps the connection to a peer that sends heartbeats', async () => {
      const { clock, notes, monitor } = rig(SILENCE)
      for (let count = 0; count < 10; count += 1) {
        await clock.advance(29_000)
        monitor.onData(clock.now())
      }
      expect(notes.deaths).to.deep.equal([])
    })

    it('keeps listening if a frame arrives in the turn of the final check', async () => {
      const { clock, notes, monitor } = rig(SILENCE)
      const { nextTurn } = clock
      clock.nextTurn = (callback) => {
        monitor.onData(clock.now())
        return nextTurn.call(clock, callback)
      }
      await clock.advance(30_000)
      clock.nextTurn = nextTurn
      expect(notes.deaths).to.deep.equal([])
      await clock.advance(30_000)
      expect(notes.deaths).to.have.length(1)
    })

    it('does not time out while the link is not being read (B41)', async () => {
      const { clock, notes } = rig(SILENCE)
      notes.isPaused = true
      await clock.advance(120_000)
      expect(notes.deaths).to.deep.equal([])
    })
  })

  describe('bytes', () => {
    it('are a sign of life even if no message is complete', async () => {
      const { clock, notes, socket } = rig(PING)
      for (let count = 0; count < 10; count += 1) {
        await clock.advance(9_000)
        socket.bytesRead += 1
      }
      expect(notes.deaths).to.deep.equal([])
      await clock.advance(20_000 + 10_000)
      expect(notes.deaths).to.have.length(1)
    })

    it('restart the timeout with the last of them, even if the interval is shorter than the timeout', async () => {
      const { clock, notes, socket } = rig({ style: 'ping', interval: 1_000, timeout: 2_500 })
      await clock.advance(1_100)
      socket.bytesRead += 1
      await clock.advance(3_399)
      expect(notes.deaths).to.deep.equal([])
      await clock.advance(1)
      expect(notes.deaths).to.have.length(1)
    })

    it('are a sign of life if they arrive in the turn of the final check (B32)', async () => {
      const { clock, notes, socket } = rig(PING)
      await clock.advance(20_000)
      const { nextTurn } = clock
      clock.nextTurn = (callback) => {
        socket.bytesRead += 1
        return nextTurn.call(clock, callback)
      }
      await clock.advance(10_000)
      expect(notes.deaths).to.deep.equal([])
    })

    it("postpone the silence timeout, but the last frame's bytes do not postpone it twice", async () => {
      const { clock, notes, socket, monitor } = rig(SILENCE)
      await clock.advance(10_000)
      socket.bytesRead = 100
      monitor.onData(clock.now())
      await clock.advance(20_000)
      socket.bytesRead = 101
      await clock.advance(10_000)
      expect(notes.deaths).to.deep.equal([])
      await clock.advance(29_999)
      expect(notes.deaths).to.deep.equal([])
      socket.bytesRead = 200
      monitor.onData(clock.now())
      await clock.advance(29_999)
      expect(notes.deaths).to.deep.equal([])
      await clock.advance(1)
      expect(notes.deaths).to.have.length(1)
    })
  })

  describe('a heartbeat that has not been written yet', () => {
    it('never leads to a timeout while nothing waits for the peer, and is not followed by another heartbeat', async () => {
      const { clock, notes, port } = rig(PING)
      port.isHolding = true
      await clock.advance(300_000)
      expect(notes.deaths).to.deep.equal([])
      expect(port.held).to.have.length(1)
      port.release()
      expect(notes.pings).to.have.length(1)
      await clock.advance(9_999)
      expect(notes.deaths).to.deep.equal([])
      await clock.advance(1)
      expect(notes.deaths).to.have.length(1)
    })

    it('has its round trip measured from when it is written', async () => {
      const { clock, monitor, notes, port } = rig(PING)
      port.isHolding = true
      await clock.advance(25_000)
      port.release()
      await clock.advance(70)
      monitor.onPong(notes.pings[0]!)
      expect(monitor.latency).to.equal(70)
    })

    for (const [what, move] of [
      ['bufferedAmount falls', (socket: { bufferedAmount: number }) => (socket.bufferedAmount -= 1)],
      [
        'bytes are written',
        (socket: { bytesWritten?: number }) => (socket.bytesWritten = 1 + (socket.bytesWritten ?? 0)),
      ],
    ] as const) {
      it(`does not time out behind an upload as long as ${what}`, async () => {
        const { clock, notes, port, socket } = rig(PING)
        socket.bufferedAmount = 1_000
        if (what === 'bytes are written') socket.bytesWritten = 0
        port.isHolding = true
        await clock.advance(20_000)
        for (let count = 0; count < 10; count += 1) {
          await clock.advance(19_000)
          move(socket)
        }
        expect(notes.deaths).to.deep.equal([])
        await clock.advance(20_000 + 30_000)
        expect(notes.deaths).to.have.length(1)
      })
    }

    it('times out behind a stalled upload after interval + timeout', async () => {
      const { clock, notes, port, socket } = rig(PING)
      socket.bufferedAmount = 1_000
      port.isHolding = true
      await clock.advance(20_000 + 29_999)
      expect(notes.deaths).to.deep.equal([])
      await clock.advance(1)
      expect(notes.deaths).to.have.length(1)
    })

    it('is also answered if the reply is read before the transport reports that it has been written', async () => {
      const { clock, notes, port, socket, monitor } = rig(PING)
      port.isHolding = true
      await clock.advance(20_000)
      socket.bytesRead += 1
      monitor.onData(clock.now())
      port.release()
      await clock.advance(29_999)
      expect(notes.deaths).to.deep.equal([])
      await clock.advance(1)
      expect(notes.deaths).to.have.length(1)
    })
  })

  describe('reading that resumes after a pause', () => {
    it('gives the peer its full timeout', async () => {
      const { clock, notes } = rig(PING)
      await clock.advance(20_000)
      notes.isPaused = true
      await clock.advance(9_000)
      notes.isPaused = false
      notes.resumedAt = clock.now()
      await clock.advance(9_999)
      expect(notes.deaths).to.deep.equal([])
      await clock.advance(1)
      expect(notes.deaths).to.have.length(1)
    })

    it('gives the peer its full silence', async () => {
      const { clock, notes } = rig(SILENCE)
      await clock.advance(1_000)
      notes.isPaused = true
      await clock.advance(8_000)
      notes.isPaused = false
      notes.resumedAt = clock.now()
      await clock.advance(29_999)
      expect(notes.deaths).to.deep.equal([])
      await clock.advance(1)
      expect(notes.deaths).to.have.length(1)
    })
  })

  it('does not start a timer if the heartbeat is off', () => {
    const { clock, monitor } = rig(OFF)
    monitor.onReady()
    expect(clock.timers).to.equal(0)
  })

  describe('#configure', () => {
    it('derives the new settings from the current ones, and changes nothing if that throws', async () => {
      const { clock, notes, monitor } = rig(PING)
      const presents: HeartbeatSettings[] = []
      monitor.configure((present) => {
        presents.push(present)
        return SILENCE
      })
      const refuse = (present: HeartbeatSettings): never => {
        presents.push(present)
        throw new RangeError('no')
      }
      expect(() => monitor.configure(refuse)).to.throw(RangeError, 'no')
      expect(presents).to.deep.equal([PING, SILENCE])
      await clock.advance(30_000)
      expect(notes.deaths).to.have.length(1)
    })

    it('changes the interval of a running heartbeat', async () => {
      const { clock, notes, monitor, answerAll } = rig(PING)
      answerAll()
      monitor.configure(() => ({ ...PING, interval: 1_000 }))
      await clock.advance(3_000)
      expect(notes.pings).to.have.length(3)
      expect(clock.timers).to.equal(1)
    })

    it('turns everything off, and leaves no timer running', async () => {
      for (const settings of [PING, SILENCE, byMessage()]) {
        const { clock, notes, monitor, onReady } = rig(settings)
        onReady()
        await clock.advance(20_000)
        monitor.configure(() => OFF)
        expect(clock.timers).to.equal(0)
        await clock.advance(300_000)
        expect(notes.deaths).to.deep.equal([])
      }
    })

    it('starts pings, messages, or listening', async () => {
      const { clock, notes, monitor, onReady, answerAll } = rig(OFF)
      answerAll()
      onReady()
      await clock.advance(100_000)
      monitor.configure(() => PING)
      await clock.advance(20_000)
      expect(notes.pings).to.have.length(1)
      monitor.configure(() => byMessage())
      await clock.advance(20_000)
      expect(notes.pings).to.have.length(1)
      expect(notes.beats).to.have.length(1)
      monitor.onData(clock.now())
      monitor.configure(() => SILENCE)
      await clock.advance(29_999)
      expect(notes.deaths).to.deep.equal([])
      await clock.advance(1)
      expect(notes.deaths).to.have.length(1)
    })

    it('delays messages until the link is ready', async () => {
      const { clock, notes, monitor, onReady } = rig(PING)
      monitor.configure(() => byMessage())
      await clock.advance(100_000)
      expect([notes.pings, notes.beats, notes.deaths]).to.deep.equal([[], [], []])
      onReady()
      await clock.advance(20_000)
      expect(notes.beats).to.have.length(1)
    })

    it('cancels a final check that waits for its turn', async () => {
      const { clock, notes, monitor } = rig(PING)
      await clock.advance(20_000)
      const { nextTurn } = clock
      clock.nextTurn = (callback) => {
        queueMicrotask(() => monitor.configure(() => OFF))
        return nextTurn.call(clock, callback)
      }
      await clock.advance(10_000)
      expect(notes.deaths).to.deep.equal([])
      expect(clock.timers).to.equal(0)
    })

    it('keeps a final check whose turn has started if only times change', async () => {
      const { clock, notes, monitor } = rig(PING)
      await clock.advance(20_000)
      const { nextTurn } = clock
      clock.nextTurn = (callback) => {
        clock.nextTurn = nextTurn
        queueMicrotask(() => monitor.configure(() => ({ ...PING, interval: 5_000 })))
        return nextTurn.call(clock, callback)
      }
      await clock.advance(10_000)
      expect(notes.deaths).to.have.length(1)
    })

    it('forgets an unanswered message when the style changes', async () => {
      const settings = byMessage({ isReply: () => true })
      const { clock, monitor, onReady } = rig(settings)
      onReady()
      await clock.advance(20_000)
      monitor.configure(() => PING)
      monitor.configure(() => settings)
      expect(monitor.isReply('pong')).to.equal(false)
    })

    it('treats earlier bytes as a sign of life, even if the timeout keeps running', async () => {
      const { clock, notes, socket, monitor } = rig(PING)
      await clock.advance(20_000)
      socket.bytesRead += 1
      monitor.configure(() => ({ ...PING, interval: 30_000 }))
      await clock.advance(29_999)
      expect(notes.deaths).to.deep.equal([])
    })
  })

  describe('#ping', () => {
    it('resolves with the round trip when its pong arrives', async () => {
      const { clock, notes, monitor } = rig(OFF)
      const ping = monitor.ping()
      await clock.advance(70)
      monitor.onPong(notes.pings[0]!)
      expect(await ping).to.equal(70)
      expect(monitor.latency).to.equal(70)
    })

    it('is also answered by the pong to a later ping, because a peer may answer only the latest', async () => {
      const { clock, notes, monitor } = rig(OFF)
      const first = monitor.ping()
      await clock.advance(10)
      const second = monitor.ping()
      const third = monitor.ping()
      await clock.advance(20)
      monitor.onPong(notes.pings[1]!)
      expect(await Promise.all([first, second])).to.deep.equal([30, 20])
      expect(monitor.latency).to.equal(20)
      monitor.onPong(notes.pings[2]!)
      expect(await third).to.equal(20)
    })

    it('is not answered by an unsolicited pong or by the same pong twice', async () => {
      const { clock, notes, monitor } = rig(OFF)
      const ping = monitor.ping()
      monitor.onPong(new Uint8Array())
      monitor.onPong(Buffer.from('other'))
      expect(monitor.latency).to.equal(undefined)
      await clock.advance(5)
      monitor.onPong(notes.pings[0]!)
      monitor.onPong(notes.pings[0]!)
      expect(await ping).to.equal(5)
      expect(monitor.latency).to.equal(5)
    })

    it('rejects when the link is lost', async () => {
      const { monitor } = rig(OFF)
      const ping = monitor.ping()
      monitor.stop(LOST)
      expect(await rejection(ping)).to.equal(LOST)
    })

    it('rejects instead of staying pending if the peer answers none of many pings', async () => {
      const { notes, monitor } = rig(OFF)
      const first = monitor.ping()
      const others = Array.from({ length: 16 }, () => monitor.ping())
      expect(await rejection(first))
        .to.be.instanceOf(Error)
        .with.property('message')
        .that.contains('15 later pings')
      monitor.onPong(notes.pings[16]!)
      expect(await Promise.all(others)).to.deep.equal(others.map(() => 0))
    })
  })

  describe('#stop', () => {
    it('leaves no timer running, even after later calls', async () => {
      const { clock, notes, monitor } = rig(PING)
      monitor.stop(LOST)
      monitor.onReady()
      monitor.configure(() => PING)
      expect(clock.timers).to.equal(0)
      await clock.advance(100_000)
      expect(notes.pings).to.deep.equal([])
    })

    it('cancels a final check that waits for its turn', async () => {
      const { clock, notes, monitor } = rig(PING)
      await clock.advance(20_000)
      const { nextTurn } = clock
      clock.nextTurn = (callback) => {
        const timer = nextTurn.call(clock, callback)
        queueMicrotask(() => monitor.stop(LOST))
        return timer
      }
      await clock.advance(10_000)
      expect(notes.deaths).to.deep.equal([])
    })
  })
})
