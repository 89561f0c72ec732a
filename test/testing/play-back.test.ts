import { expect } from 'chai'
import { existsSync, readFileSync } from 'node:fs'
import { bootstrap, ConnectFailedError, HandshakeError, OnBinary, OnMessage } from 'holdfast'
import type { ConnectionContext, OpenInfo } from 'holdfast'
import { textCodec } from 'holdfast/codecs'
import { jsonRpc } from 'holdfast/requests'
import { FakeClock, playBack, readRecording, record } from 'holdfast/testing'
import type { PlayBackOptions, RecordedEvent } from 'holdfast/testing'
import { filesIn, root } from '../support/project.js'
import { ready, start } from '../support/rig.js'
import type { Hooks } from '../support/rig.js'

/** Folder of the recordings, which is outside the project because of their licenses. */
const RECORDINGS = '../shared/data/'

/** A recording of these events, one second apart. */
function recordingOf(...events: readonly object[]): string {
  return events.map((event, t) => JSON.stringify({ t, ...event })).join('\n')
}

const OPEN = { d: 'open', url: 'ws://peer.test/' }

/** Starts a witness that a recording is played to. */
function play(recording: string, options: PlayBackOptions = {}, hooks: Hooks = {}) {
  const clock = new FakeClock()
  const playback = playBack(recording, { clock, ...options })
  const rig = start({ transport: playback.connect, clock, heartbeat: false }, hooks)
  return { ...rig, clock, playback }
}

/** Takes whatever arrives as it is. */
class Taker {
  readonly taken: (string | Uint8Array)[] = []

  @OnMessage()
  text(message: string): void {
    this.taken.push(message)
  }

  @OnBinary()
  bytes(data: Uint8Array): void {
    this.taken.push(data)
  }
}

describe('playBack', () => {
  it('delivers the received messages in order, each in its own turn, and ends as recorded', async () => {
    const recording = recordingOf(
      OPEN,
      { d: 'recv', text: '1' },
      { d: 'recv', b64: 'AQI=' },
      { d: 'close', code: 4321, reason: 'done' },
    )
    const message = async (): Promise<void> => {
      for (let n = 0; n < 10; n += 1) await Promise.resolve()
      witness.notes.push('handled')
    }
    const { clock, playback, starting, witness } = play(recording, {}, { message })
    const { connection } = await starting
    await clock.settle()
    await playback.finished
    expect(witness.notes.slice(0, 5)).to.deep.equal(['open 1', 'message 1', 'handled', 'binary 2', 'close 1'])
    const [{ code, reason } = { code: 0, reason: '' }] = witness.closes
    expect({ code, reason }).to.deep.equal({ code: 4321, reason: 'done' })
    await connection.close()
  })

  it('keeps the recorded gaps at speed 1, and half of them at speed 2', async () => {
    for (const speed of [1, 2]) {
      const recording = recordingOf(OPEN, { d: 'recv', text: '1' }, { d: 'recv', text: '2' })
      const { clock, starting, witness } = play(recording, { speed })
      const { connection } = await starting
      await clock.advance(1_000 / speed - 1)
      expect(witness.messages).to.deep.equal([])
      await clock.advance(1)
      expect(witness.messages).to.deep.equal([1])
      await clock.advance(1_000 / speed)
      expect(witness.messages).to.deep.equal([1, 2])
      await connection.close()
    }
  })

  it('plays one link per attempt, failures included, and refuses attempts after the last', async () => {
    const recording = recordingOf(
      OPEN,
      { d: 'recv', text: '1' },
      { d: 'close', code: 1006, error: 'cut' },
      { d: 'fail', status: 503, error: 'Server rejected the handshake: 503' },
      { d: 'fail', error: 'Failed to connect to ws://other.test/: no route' },
      OPEN,
      { d: 'recv', text: '2' },
      { d: 'close', code: 1012 },
    )
    const { clock, playback, starting, witness } = play(recording)
    const { connection } = await starting
    await clock.advance(300_000)
    await playback.finished
    expect(witness.messages).to.deep.equal([1, 2])
    expect(witness.closes.map(({ code }) => code)).to.deep.equal([1006, 1012])
    const [cut, status, refused, after] = witness.errors.map(({ error }) => error)
    expect(cut?.message).to.contain('cut')
    expect(status).to.be.instanceOf(HandshakeError).with.property('status', 503)
    expect(refused).to.be.instanceOf(ConnectFailedError)
    expect(refused?.message).to.equal('Failed to connect to ws://peer.test/feed: no route')
    expect(after?.message).to.equal('Failed to connect to ws://peer.test/feed: the recording has ended')
    await connection.close()
  })

  it('stays open after a link whose end is not recorded', async () => {
    const { playback, starting, clock } = play(recordingOf(OPEN, { d: 'recv', text: '1' }))
    const { connection } = await starting
    await clock.settle()
    await playback.finished
    expect(connection.state.status).to.equal('open')
    await connection.close()
  })

  it('waits for what the client sends, if asked to', async () => {
    const recording = recordingOf(
      OPEN,
      { d: 'send', text: 'a' },
      { d: 'send', text: 'b' },
      { d: 'recv', text: '1' },
    )
    const { playback, starting, witness, clock } = play(recording, { waitForSends: true })
    const { connection } = await starting
    await clock.settle()
    void connection.send('a')
    await clock.settle()
    expect(witness.messages).to.deep.equal([])
    void connection.send('c')
    await clock.settle()
    await playback.finished
    expect(witness.messages).to.deep.equal([1])
    expect(playback.sent).to.deep.equal(['a', 'c'])
    expect(playback.recordedSent).to.deep.equal(['a', 'b'])
    await connection.close()
  })

  it('ends a link that the client closes', async () => {
    const { playback, starting, clock } = play(recordingOf(OPEN, { d: 'recv', text: '1' }), { speed: 1 })
    const client = await starting
    await client.close()
    await playback.finished
    expect(clock.timers).to.equal(0)
  })

  it('gives the handlers the same calls as the recorded session: round trip', async () => {
    const lines: string[] = []
    const open = (_: unknown, { connection }: ConnectionContext): Promise<unknown> =>
      connection.request({ method: 'login' })
    const options = { requests: jsonRpc(), heartbeat: false } as const
    const first = start(options, { open }, (server) => {
      server.onAttempt = (peer) => {
        peer.onMessage = (text) => {
          const { id } = JSON.parse(String(text)) as { readonly id: number }
          peer.send({ jsonrpc: '2.0', id, result: 'ok' })
        }
        peer.accept()
      }
    })
    record(first.witness.connection, (line) => lines.push(line))
    await first.starting
    first.server.peer.send({ n: 1 })
    first.server.peer.send(Uint8Array.of(0, 255))
    first.server.peer.close(1012, 'restart')
    await first.clock.advance(60_000)
    first.server.peer.send({ n: 2 })
    await first.clock.settle()
    const seen = [...first.witness.notes]
    await first.witness.connection.terminate()

    const { clock } = first
    const playback = playBack(lines.slice(0, -1), { clock, waitForSends: true })
    const second = start({ ...options, transport: playback.connect, clock }, { open })
    await clock.advance(60_000)
    const { connection } = await second.starting
    await playback.finished
    expect(seen).to.include('message {"n":2}')
    expect(second.witness.notes).to.deep.equal(seen)
    expect(playback.sent).to.deep.equal(playback.recordedSent)
    await connection.terminate()
  })

  it('plays a handover, each link by its own times', async () => {
    const recording = [
      { t: 0, d: 'open', link: 1 },
      { t: 5, d: 'open', link: 2 },
      { t: 6, d: 'recv', link: 1, text: '"old"' },
      { t: 7, d: 'recv', link: 2, text: '"new"' },
      { t: 8, d: 'close', link: 1, code: 1000 },
    ] as RecordedEvent[]
    const clock = new FakeClock()
    const playback = playBack(recording, { clock, speed: 1 })
    // The second link is not ready until its message arrives, and the first one stays until then.
    const open = ({ connectionNumber }: OpenInfo, { connection }: ConnectionContext): unknown =>
      connectionNumber === 1 ? undefined : connection.waitFor((message) => message === 'new')
    const { client, witness } = await ready(
      { transport: playback.connect, clock, heartbeat: false },
      { open },
    )
    await clock.advance(5_000)
    client.connection.reconnect({ overlap: true })
    await clock.advance(1_500)
    expect(witness.notes).to.deep.equal(['open 1', 'open 2', 'message "old"'])
    await clock.advance(500)
    expect(witness.notes.slice(3)).to.deep.equal(['close 1'])
    await client.close()
  })

  it('rejects a speed of 0, and lines that are not part of a recording', () => {
    expect(() => playBack('', { speed: 0 })).to.throw(RangeError, 'greater than 0')
    expect(() => playBack(['{"t":0,"d":"open"}', 'oops'])).to.throw(SyntaxError, 'Line 2 of the recording')
  })

  it('has finished at once if the recording is empty', async () => {
    await playBack([]).finished
  })

  const files = existsSync(new URL(RECORDINGS, root))
    ? filesIn(RECORDINGS).filter((name) => name.endsWith('.jsonl'))
    : []
  if (files.length === 0) {
    it('plays the recordings of real servers', function () {
      console.log('      skipped: the recordings are not available')
      this.skip()
    })
  }

  for (const name of files) {
    it(`plays ${name.slice(RECORDINGS.length)}: each received message reaches the handlers, exactly and in order`, async function () {
      this.timeout(20_000)
      const text = readFileSync(new URL(name, root), 'utf8')
      const events = readRecording(text)
      const playback = playBack(text)
      const options = {
        transport: playback.connect,
        codec: textCodec,
        reconnect: false,
        logger: false,
      } as const
      const client = await bootstrap(Taker, 'ws://peer.test', options)
      await playback.finished
      await client.close()
      const expected = events.flatMap((event) => {
        if (event.d !== 'recv') return []
        return [event.text ?? new Uint8Array(Buffer.from(event.b64 ?? '', 'base64'))]
      })
      expect(client.instance.taken).to.deep.equal(expected)
      expect(client.instance.taken.length).to.be.above(100)
      const sends = events.filter(({ d }) => d === 'send')
      expect(playback.recordedSent).to.have.length(sends.length)
    })
  }
})
