import { expect } from 'chai'
import { HandshakeError } from 'holdfast'
import { eventually, turns } from '../support/eventually.js'
import { describeClosing } from './conformance-closing.js'
import { Scene } from './scene.js'
import type { Scenario, TransportHarness } from './scene.js'

/** Describes the behavior of every transport, so that nothing above depends on a particular one. */
export function describeTransport(
  name: string,
  open: (scenario: Scenario) => Promise<TransportHarness>,
): void {
  describe(`${name} as a transport`, function () {
    this.timeout(30_000)
    const scene = new Scene(open)
    afterEach(() => scene.end())
    describe('opening', () => describeOpening(scene))
    describe('messages', () => describeMessages(scene))
    describe('fragments', () => describeFragments(scene))
    describe('reused bytes', () => describeReuse(scene))
    describe('pings and pongs', () => describePings(scene))
    describe('flow', () => describeFlow(scene))
    describe('closing', () => describeClosing(scene))
  })
}

function describeOpening(scene: Scene): void {
  it('reports nothing during the connect call', async () => {
    let events: readonly string[] | undefined
    await scene.begin({}, {}, () => (events = [...scene.recorder.events]))
    expect(events).to.deep.equal([])
    await scene.recorder.untilOpened()
  })

  it('opens once the opening handshake is complete, not before', async () => {
    let isOpenAtOnce: boolean | undefined
    await scene.begin({}, {}, () => (isOpenAtOnce = scene.transport.isOpen))
    await scene.recorder.untilOpened()
    expect(isOpenAtOnce).to.equal(false)
    expect(scene.transport.isOpen).to.equal(true)
    expect(scene.recorder.events).to.deep.equal(['opened'])
  })

  it('delivers messages that arrive together with the handshake after it has opened', async () => {
    await scene.begin({ early: ['first', 'second'] })
    await scene.recorder.untilMessages(2)
    expect(scene.recorder.events).to.deep.equal(['opened', 'message', 'message'])
    expect(scene.recorder.messages).to.deep.equal(['first', 'second'])
  })

  it('reports the subprotocol that the server chose', async () => {
    await scene.beginOpen({ protocol: 'v2.chat' }, { protocols: ['v3.chat', 'v2.chat'] })
    expect(scene.transport.protocol).to.equal('v2.chat')
    expect(scene.recorder.handshakes.map(({ protocol }) => protocol)).to.deep.equal(['v2.chat'])
  })

  it('reports an empty subprotocol if none was chosen', async () => {
    await scene.beginOpen()
    expect(scene.transport.protocol).to.equal('')
    expect(scene.recorder.handshakes.map(({ protocol }) => protocol)).to.deep.equal([''])
  })

  it('reports an optional subprotocol that the server chose', async () => {
    const request = { protocols: ['v3.chat', 'v2.chat'], isProtocolRequired: false }
    await scene.beginOpen({ protocol: 'v2.chat' }, request)
    expect(scene.transport.protocol).to.equal('v2.chat')
    expect(scene.recorder.handshakes.map(({ protocol }) => protocol)).to.deep.equal(['v2.chat'])
  })

  it('opens without a subprotocol if the server chooses none of the optional ones', async () => {
    await scene.beginOpen({}, { protocols: ['v2.chat'], isProtocolRequired: false })
    expect(scene.transport.protocol).to.equal('')
    expect(scene.recorder.handshakes.map(({ protocol }) => protocol)).to.deep.equal([''])
  })

  for (const isProtocolRequired of [true, false]) {
    const kind = isProtocolRequired ? 'required' : 'optional'
    it(`fails if the server chooses a subprotocol other than the ${kind} ones`, async () => {
      await scene.begin({ protocol: 'v9.chat' }, { protocols: ['v2.chat'], isProtocolRequired })
      const { error } = await scene.recorder.untilClosed()
      expect(error).to.be.instanceOf(HandshakeError).with.property('violation', 'subprotocol')
      expect(scene.recorder.events).to.deep.equal(['closed'])
    })
  }

  it('sends each value of a header to the server', async () => {
    await scene.beginOpen({}, { headers: { 'x-list': ['1', '2'] } })
    expect([scene.harness.headers['x-list']].flat().join(', ')).to.equal('1, 2')
  })

  it('sends the headers to the server', async () => {
    await scene.beginOpen({}, { headers: { authorization: 'Bearer token' } })
    expect(scene.harness.headers['authorization']).to.equal('Bearer token')
  })

  it('reports a refused attempt as an end with an error, and never during the connect call', async () => {
    await scene.begin({ isRefusing: true })
    const end = await scene.recorder.untilClosed()
    expect(end.code).to.equal(1006)
    expect(end.error).to.be.an('error')
    expect(scene.recorder.events).to.deep.equal(['closed'])
  })

  for (const way of ['terminate', 'close'] as const) {
    it(`ends without opening and without an error if ${way}() follows connect immediately`, async () => {
      await scene.begin({}, {}, () => {
        if (way === 'close') scene.transport.close(1000, '')
        else scene.transport.terminate()
      })
      const end = await scene.recorder.untilClosed()
      await turns()
      expect(end.code).to.equal(1006)
      expect(end.error).to.equal(undefined)
      expect(scene.recorder.events).to.deep.equal(['closed'])
    })
  }
}

function describeMessages(scene: Scene): void {
  it('delivers text as a string', async () => {
    const far = await scene.beginOpen()
    far.send('žluťoučký kůň 🐎')
    await scene.recorder.untilMessages(1)
    expect(scene.recorder.messages).to.deep.equal(['žluťoučký kůň 🐎'])
  })

  it('delivers binary data as bytes', async () => {
    const far = await scene.beginOpen()
    far.send(new Uint8Array([0, 127, 255]))
    await scene.recorder.untilMessages(1)
    expect(scene.recorder.messages[0]).to.be.instanceOf(Uint8Array)
    expect([...(scene.recorder.messages[0] as Uint8Array)]).to.deep.equal([0, 127, 255])
  })

  it('delivers empty messages with their type', async () => {
    const far = await scene.beginOpen()
    far.send('')
    far.send(new Uint8Array())
    await scene.recorder.untilMessages(2)
    expect(scene.recorder.messages[0]).to.equal('')
    expect(scene.recorder.messages[1]).to.be.instanceOf(Uint8Array)
    expect((scene.recorder.messages[1] as Uint8Array).length).to.equal(0)
  })

  it('delivers messages and control frames in the order they were sent', async () => {
    const far = await scene.beginOpen()
    far.send('1')
    far.ping(Buffer.from('2'))
    far.send(new Uint8Array([3]))
    far.pong(Buffer.from('4'))
    far.send('5')
    await scene.recorder.untilMessages(3)
    expect(scene.recorder.events).to.deep.equal(['opened', 'message', 'ping', 'message', 'pong', 'message'])
  })

  it('delivers a message of a megabyte in one piece', async () => {
    const far = await scene.beginOpen()
    const text = '0123456789abcdef'.repeat(65_536)
    far.send(text)
    await scene.recorder.untilMessages(1)
    expect(scene.recorder.messages[0] === text).to.equal(true)
  })

  it('sends text as text and bytes as binary, even empty ones, in order', async () => {
    const far = await scene.beginOpen()
    scene.transport.send('text')
    scene.transport.send(new Uint8Array([9, 1, 2, 9]).subarray(1, 3))
    scene.transport.send('')
    scene.transport.send(new Uint8Array())
    await eventually('four messages are at the server', () => far.received.length === 4)
    const [text, bytes, noText, noBytes] = far.received
    expect([text, noText]).to.deep.equal(['text', ''])
    expect([...(bytes as Uint8Array)]).to.deep.equal([1, 2])
    expect([...(noBytes as Uint8Array)]).to.deep.equal([])
  })
}

/** Options of a fragment. */
function part(isLast: boolean, isBinary = false) {
  return { fragment: { isBinary, isLast } }
}

function describeFragments(scene: Scene): void {
  it('sends fragments as one message, in order with the messages before and after it', async () => {
    const far = await scene.beginOpen()
    scene.transport.send('before')
    for (const text of ['a', 'ž'.repeat(3_000), '🐎']) scene.transport.send(text, undefined, part(false))
    scene.transport.send('', undefined, part(true))
    scene.transport.send('after')
    scene.transport.send(new Uint8Array([1, 2]), undefined, part(false, true))
    scene.transport.send(new Uint8Array([3]), undefined, part(true, true))
    scene.transport.send('last')
    await eventually('all is at the server', () => far.received.length === 5)
    const [before, text, after, bytes, last] = far.received
    expect([before, after, last]).to.deep.equal(['before', 'after', 'last'])
    expect(text).to.equal(`a${'ž'.repeat(3_000)}🐎`)
    expect([...(bytes as Uint8Array)]).to.deep.equal([1, 2, 3])
  })

  it('sends the first fragment as the whole message if it is also the last', async () => {
    const far = await scene.beginOpen()
    scene.transport.send('', undefined, part(true))
    scene.transport.send(new Uint8Array(), undefined, part(true, true))
    scene.transport.send('a', undefined, part(true))
    await eventually('all is at the server', () => far.received.length === 3)
    expect(far.received[0]).to.equal('')
    expect(far.received[1]).to.be.instanceOf(Uint8Array)
    expect(far.received[2]).to.equal('a')
  })

  it('answers pings, and sends its own, between fragments', async () => {
    const far = await scene.beginOpen()
    scene.transport.send('a', undefined, part(false))
    far.ping(Buffer.from('are you there'))
    scene.transport.ping(Buffer.from('17'))
    await eventually('the pong is at the server', () => far.pongs.length > 0)
    await eventually('the pong has arrived', () => scene.recorder.pongs.length > 0)
    expect(far.received).to.deep.equal([])
    scene.transport.send('b', undefined, part(true))
    await eventually('the message is at the server', () => far.received.length === 1)
    expect(far.received).to.deep.equal(['ab'])
  })

  it('sends the bytes of a fragment as they were, counts them, and reports when they have been sent', async () => {
    const far = await scene.beginOpen()
    far.stopReading()
    const flushed: number[] = []
    const megabyte = new Uint8Array(2 ** 20)
    for (let number = 1; number <= 32; number += 1) {
      scene.transport.send(megabyte.fill(number), () => flushed.push(number), part(number === 32, true))
    }
    megabyte.fill(99)
    await turns()
    expect(scene.transport.bufferedAmount).to.be.greaterThan(0)
    expect(flushed).to.not.include(32)
    far.readOn()
    await eventually('everything has left', () => flushed.includes(32))
    await eventually('the message is at the server', () => far.received.length === 1)
    const message = far.received[0] as Uint8Array
    expect(message).to.have.lengthOf(32 * 2 ** 20)
    expect([message[0], message[2 ** 20], message.at(-1)]).to.deep.equal([1, 2, 32])
    expect(scene.transport.bufferedAmount).to.equal(0)
  })

  it('closes in the middle of a message, which then does not arrive', async () => {
    const far = await scene.beginOpen()
    scene.transport.send('a', undefined, part(false))
    scene.transport.close(1011, 'incomplete')
    scene.transport.send('b', undefined, part(true))
    await scene.recorder.untilClosed()
    await eventually('the close frame is at the server', () => far.closeFrame !== undefined)
    expect(far.closeFrame).to.deep.equal({ code: 1011, reason: 'incomplete' })
    expect(far.received).to.deep.equal([])
  })
}

function describeReuse(scene: Scene): void {
  it('sends bytes as they were when send() was called, because their owner can reuse the memory', async () => {
    const far = await scene.beginOpen()
    const bytes = new Uint8Array(100_000)
    for (const value of [1, 2, 3]) scene.transport.send(bytes.fill(value))
    bytes.fill(9)
    await eventually('three messages are at the server', () => far.received.length === 3)
    const sums = far.received.map((data) => (data as Uint8Array).reduce((sum, byte) => sum + byte, 0))
    expect(sums).to.deep.equal([100_000, 200_000, 300_000])
  })
}

function describePings(scene: Scene): void {
  it('reports a ping, and answers it with its payload', async () => {
    const far = await scene.beginOpen()
    far.ping(Buffer.from('are you there'))
    await eventually('the pong is at the server', () => far.pongs.length > 0)
    expect(scene.recorder.pings.map(String)).to.deep.equal(['are you there'])
    expect(far.pongs.map(String)).to.deep.equal(['are you there'])
  })

  it('reports when its own ping has been sent', async () => {
    await scene.beginOpen()
    let hasLeft = false
    scene.transport.ping(Buffer.from('mine'), () => (hasLeft = true))
    await eventually('the ping has left', () => hasLeft)
  })

  it('also calls flushed for a ping that will never be sent', async () => {
    await scene.beginOpen()
    scene.transport.terminate()
    let isOver = false
    scene.transport.ping(Buffer.from('mine'), () => (isOver = true))
    await eventually('the ping is over', () => isOver)
  })

  it('reports each of many pings, and answers only the latest in a turn', async () => {
    const far = await scene.beginOpen()
    far.together(() => {
      for (let number = 1; number <= 100; number += 1) far.ping(Buffer.from(String(number)))
    })
    await eventually('all pings have arrived', () => scene.recorder.pings.length === 100)
    await eventually('the pong is at the server', () => far.pongs.length > 0)
    scene.transport.send('the pongs have arrived')
    await eventually('the message after the pongs is at the server', () => far.received.length > 0)
    expect(far.pongs.map(String)).to.deep.equal(['100'])
    expect(scene.transport.isOpen).to.equal(true)
  })

  it('receives its own ping back as a pong with the same payload', async () => {
    await scene.beginOpen()
    scene.transport.ping(Buffer.from('17'))
    await eventually('the pong has arrived', () => scene.recorder.pongs.length > 0)
    expect(scene.recorder.pongs.map(String)).to.deep.equal(['17'])
  })

  it('reports an unsolicited pong', async () => {
    const far = await scene.beginOpen()
    far.pong(Buffer.from('by the way'))
    await eventually('the pong has arrived', () => scene.recorder.pongs.length > 0)
    expect(scene.recorder.pongs.map(String)).to.deep.equal(['by the way'])
  })
}

function describeFlow(scene: Scene): void {
  it('delivers nothing while paused, and everything in order once resumed', async () => {
    const far = await scene.beginOpen()
    scene.transport.pause()
    for (const text of ['1', '2', '3']) far.send(text)
    scene.transport.send('the server has sent')
    await eventually('the server reads', () => far.received.length > 0)
    await turns()
    expect(scene.recorder.messages).to.deep.equal([])
    scene.transport.resume()
    await scene.recorder.untilMessages(3)
    expect(scene.recorder.messages).to.deep.equal(['1', '2', '3'])
  })

  it('counts the bytes that it receives, including control frames', async () => {
    const farEnd = await scene.beginOpen()
    const { recorder, transport } = scene
    const before = transport.bytesRead
    farEnd.send('x'.repeat(1_000))
    await recorder.untilMessages(1)
    const between = transport.bytesRead
    expect(between - before).to.be.at.least(1_000)
    farEnd.ping(Buffer.from('hello'))
    await eventually('the ping has arrived', () => recorder.pings.length === 1)
    expect(transport.bytesRead - between).to.be.at.least(5)
  })

  it('counts bytes that the peer does not accept, and reports when they have been sent', async () => {
    const far = await scene.beginOpen()
    far.stopReading()
    const flushed: number[] = []
    const megabyte = new Uint8Array(2 ** 20)
    for (let number = 1; number <= 32; number += 1) scene.transport.send(megabyte, () => flushed.push(number))
    await turns()
    expect(scene.transport.bufferedAmount).to.be.greaterThan(0)
    expect(flushed).to.not.include(32)
    far.readOn()
    await eventually('everything has left', () => flushed.includes(32))
    expect(flushed).to.deep.equal(Array.from({ length: 32 }, (_, index) => index + 1))
    expect(scene.transport.bufferedAmount).to.equal(0)
  })

  it('calls flushed for messages that will never be sent, and still counts them', async () => {
    const far = await scene.beginOpen()
    far.stopReading()
    let flushed = 0
    const megabyte = new Uint8Array(2 ** 20)
    for (let number = 1; number <= 32; number += 1) scene.transport.send(megabyte, () => (flushed += 1))
    await turns()
    scene.transport.terminate()
    await scene.recorder.untilClosed()
    await eventually('flushed has been called for all of them', () => flushed === 32)
    expect(scene.transport.bufferedAmount).to.be.greaterThan(0)
  })
}
