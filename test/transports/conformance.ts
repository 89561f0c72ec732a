import { expect } from 'chai'
import type { Connect, Transport, TransportEnd, TransportRequest } from 'holdfast'
import { eventually, turns } from '../support/eventually.js'
import { Recorder } from '../support/recorder.js'

/** The server's end of one connection, whatever it is made of. */
export interface FarEnd {
  /** Every message so far: a string for text, bytes for binary. */
  readonly received: readonly (string | Uint8Array)[]
  readonly pongs: readonly Uint8Array[]
  /** The client's close frame, once it is there. */
  readonly closeFrame: { readonly code: number; readonly reason: string } | undefined
  send(data: string | Uint8Array): void
  ping(data: Uint8Array): void
  pong(data: Uint8Array): void
  close(code?: number, reason?: string): void
  /** Ends the stream without a close frame. */
  cut(): void
  stopReading(): void
  readOn(): void
  /** Does several things so that they travel together. */
  together(act: () => void): void
}

/** What the server does with an attempt, unless it simply accepts. */
export interface Scenario {
  /** Sent together with the answer to the handshake. */
  readonly early?: readonly string[]
  /** The subprotocol that is chosen. */
  readonly protocol?: string
  readonly isRefusing?: boolean
}

/** A server and the transport that leads to it. */
export interface TransportHarness extends AsyncDisposable {
  readonly connect: Connect
  readonly url: string
  /** The headers of the latest attempt, names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The server's end of the only connection; to be called once it is open. */
  farEnd(): Promise<FarEnd>
}

/** An end that is no failure. */
function expectEnd(
  { code, reason, error }: TransportEnd,
  expectedCode: number,
  expectedReason: string,
): void {
  expect({ code, reason, error }).to.deep.equal({
    code: expectedCode,
    reason: expectedReason,
    error: undefined,
  })
}

/** What is true of every transport, so that nothing above it need know which one it has. */
export function describeTransport(
  name: string,
  open: (scenario: Scenario) => Promise<TransportHarness>,
): void {
  describe(`${name} as a transport`, function () {
    this.timeout(30_000)
    let harness: TransportHarness | undefined
    let recorder: Recorder
    let transport: Transport

    afterEach(async () => {
      transport.terminate()
      await recorder.untilClosed()
      expect(recorder.ends, 'the end is told once').to.have.lengthOf(1)
      expect(recorder.events.at(-1), 'the end is told last').to.equal('closed')
      expect(transport.isOpen).to.equal(false)
      await harness?.[Symbol.asyncDispose]()
    })

    /** Connects; `atOnce` runs in the same tick. */
    async function begin(
      scenario: Scenario = {},
      request: Partial<TransportRequest> = {},
      atOnce: () => void = () => undefined,
    ): Promise<void> {
      harness = await open(scenario)
      recorder = new Recorder()
      const defaults = { protocols: [], headers: {}, maxPayload: 0, maxFragments: 0, closeTimeout: 5_000 }
      transport = harness.connect({ url: harness.url, ...defaults, ...request }, recorder)
      atOnce()
      expect(recorder.events, 'nothing is told from within connect').to.deep.equal([])
    }

    async function beginOpen(
      scenario: Scenario = {},
      request: Partial<TransportRequest> = {},
    ): Promise<FarEnd> {
      await begin(scenario, request)
      await recorder.untilOpened()
      return (harness as TransportHarness).farEnd()
    }

    describe('opening', () => {
      it('tells nothing while connect is still running', async () => {
        let events: readonly string[] | undefined
        await begin({}, {}, () => (events = [...recorder.events]))
        expect(events).to.deep.equal([])
        await recorder.untilOpened()
      })

      it('is open from the opening handshake on, not before', async () => {
        let isOpenAtOnce: boolean | undefined
        await begin({}, {}, () => (isOpenAtOnce = transport.isOpen))
        await recorder.untilOpened()
        expect(isOpenAtOnce).to.equal(false)
        expect(transport.isOpen).to.equal(true)
        expect(recorder.events).to.deep.equal(['opened'])
      })

      it('delivers what came together with the handshake, after it has opened', async () => {
        await begin({ early: ['first', 'second'] })
        await recorder.untilMessages(2)
        expect(recorder.events).to.deep.equal(['opened', 'message', 'message'])
        expect(recorder.messages).to.deep.equal(['first', 'second'])
      })

      it('tells the subprotocol that the server chose', async () => {
        await beginOpen({ protocol: 'v2.chat' }, { protocols: ['v3.chat', 'v2.chat'] })
        expect(transport.protocol).to.equal('v2.chat')
        expect(recorder.handshakes.map(({ protocol }) => protocol)).to.deep.equal(['v2.chat'])
      })

      it('tells an empty subprotocol where none was chosen', async () => {
        await beginOpen()
        expect(transport.protocol).to.equal('')
        expect(recorder.handshakes.map(({ protocol }) => protocol)).to.deep.equal([''])
      })

      it('brings the headers to the server', async () => {
        await beginOpen({}, { headers: { authorization: 'Bearer token' } })
        expect(harness?.headers['authorization']).to.equal('Bearer token')
      })

      it('tells a refused attempt by its end, with an error, and never from within connect', async () => {
        await begin({ isRefusing: true })
        const end = await recorder.untilClosed()
        expect(end.code).to.equal(1006)
        expect(end.error).to.be.an('error')
        expect(recorder.events).to.deep.equal(['closed'])
      })

      for (const way of ['terminate', 'close'] as const) {
        it(`ends without having opened, and without an error, by a ${way}() right after connect`, async () => {
          await begin({}, {}, () => {
            if (way === 'close') transport.close(1000, '')
            else transport.terminate()
          })
          const end = await recorder.untilClosed()
          await turns()
          expect(end.code).to.equal(1006)
          expect(end.error).to.equal(undefined)
          expect(recorder.events).to.deep.equal(['closed'])
        })
      }
    })

    describe('messages', () => {
      it('delivers text as a string', async () => {
        const far = await beginOpen()
        far.send('žluťoučký kůň 🐎')
        await recorder.untilMessages(1)
        expect(recorder.messages).to.deep.equal(['žluťoučký kůň 🐎'])
      })

      it('delivers binary data as bytes', async () => {
        const far = await beginOpen()
        far.send(new Uint8Array([0, 127, 255]))
        await recorder.untilMessages(1)
        expect(recorder.messages[0]).to.be.instanceOf(Uint8Array)
        expect([...(recorder.messages[0] as Uint8Array)]).to.deep.equal([0, 127, 255])
      })

      it('delivers empty messages, each as what it is', async () => {
        const far = await beginOpen()
        far.send('')
        far.send(new Uint8Array())
        await recorder.untilMessages(2)
        expect(recorder.messages[0]).to.equal('')
        expect(recorder.messages[1]).to.be.instanceOf(Uint8Array)
        expect((recorder.messages[1] as Uint8Array).length).to.equal(0)
      })

      it('delivers messages and control frames in the order in which they were sent', async () => {
        const far = await beginOpen()
        far.send('1')
        far.ping(Buffer.from('2'))
        far.send(new Uint8Array([3]))
        far.pong(Buffer.from('4'))
        far.send('5')
        await recorder.untilMessages(3)
        expect(recorder.events).to.deep.equal(['opened', 'message', 'ping', 'message', 'pong', 'message'])
      })

      it('delivers a message of a megabyte whole', async () => {
        const far = await beginOpen()
        const text = '0123456789abcdef'.repeat(65_536)
        far.send(text)
        await recorder.untilMessages(1)
        expect(recorder.messages[0] === text).to.equal(true)
      })

      it('sends text as text and bytes as binary, empty ones too, in order', async () => {
        const far = await beginOpen()
        transport.send('text')
        transport.send(new Uint8Array([9, 1, 2, 9]).subarray(1, 3))
        transport.send('')
        transport.send(new Uint8Array())
        await eventually('four messages are at the server', () => far.received.length === 4)
        const [text, bytes, noText, noBytes] = far.received
        expect([text, noText]).to.deep.equal(['text', ''])
        expect([...(bytes as Uint8Array)]).to.deep.equal([1, 2])
        expect([...(noBytes as Uint8Array)]).to.deep.equal([])
      })
    })

    describe('pings and pongs', () => {
      it('tells a ping, and answers it with its payload', async () => {
        const far = await beginOpen()
        far.ping(Buffer.from('are you there'))
        await eventually('the pong is at the server', () => far.pongs.length > 0)
        expect(recorder.pings.map(String)).to.deep.equal(['are you there'])
        expect(far.pongs.map(String)).to.deep.equal(['are you there'])
      })

      it('tells every one of many pings, and answers only the latest of a turn', async () => {
        const far = await beginOpen()
        far.together(() => {
          for (let number = 1; number <= 100; number += 1) far.ping(Buffer.from(String(number)))
        })
        await eventually('all pings are here', () => recorder.pings.length === 100)
        await eventually('the pong is at the server', () => far.pongs.length > 0)
        transport.send('the pongs are through')
        await eventually('what was sent after the pongs is at the server', () => far.received.length > 0)
        expect(far.pongs.map(String)).to.deep.equal(['100'])
        expect(transport.isOpen).to.equal(true)
      })

      it('gets its own ping back as a pong with the same payload', async () => {
        await beginOpen()
        transport.ping(Buffer.from('17'))
        await eventually('the pong has come', () => recorder.pongs.length > 0)
        expect(recorder.pongs.map(String)).to.deep.equal(['17'])
      })

      it('tells a pong that nothing was asked for', async () => {
        const far = await beginOpen()
        far.pong(Buffer.from('by the way'))
        await eventually('the pong has come', () => recorder.pongs.length > 0)
        expect(recorder.pongs.map(String)).to.deep.equal(['by the way'])
      })
    })

    describe('flow', () => {
      it('delivers nothing while paused, and everything in order once resumed', async () => {
        const far = await beginOpen()
        transport.pause()
        for (const text of ['1', '2', '3']) far.send(text)
        transport.send('the server has sent')
        await eventually('the server reads', () => far.received.length > 0)
        await turns()
        expect(recorder.messages).to.deep.equal([])
        transport.resume()
        await recorder.untilMessages(3)
        expect(recorder.messages).to.deep.equal(['1', '2', '3'])
      })

      it('counts what the peer does not take, and tells when it has left', async () => {
        const far = await beginOpen()
        far.stopReading()
        const flushed: number[] = []
        const megabyte = new Uint8Array(2 ** 20)
        for (let number = 1; number <= 32; number += 1) transport.send(megabyte, () => flushed.push(number))
        await turns()
        expect(transport.bufferedAmount).to.be.greaterThan(0)
        expect(flushed).to.not.include(32)
        far.readOn()
        await eventually('everything has left', () => flushed.includes(32))
        expect(flushed).to.deep.equal(Array.from({ length: 32 }, (_, index) => index + 1))
        expect(transport.bufferedAmount).to.equal(0)
      })

      it('tells that messages have been flushed when they never will be, and still counts them', async () => {
        const far = await beginOpen()
        far.stopReading()
        let flushed = 0
        const megabyte = new Uint8Array(2 ** 20)
        for (let number = 1; number <= 32; number += 1) transport.send(megabyte, () => (flushed += 1))
        await turns()
        transport.terminate()
        await recorder.untilClosed()
        await eventually('all have been told of', () => flushed === 32)
        expect(transport.bufferedAmount).to.be.greaterThan(0)
      })
    })

    describe('closing', () => {
      it('tells the code and the reason of a peer that closes', async () => {
        const far = await beginOpen()
        far.close(4001, 'session expired')
        const end = await recorder.untilClosed()
        expectEnd(end, 4001, 'session expired')
        expect(end.sentCode).to.equal(undefined)
      })

      it('tells 1005 when a peer closes without a code', async () => {
        const far = await beginOpen()
        far.close()
        expectEnd(await recorder.untilClosed(), 1005, '')
      })

      it('delivers what the peer sent before its close frame', async () => {
        const far = await beginOpen()
        far.together(() => {
          far.send('last words')
          far.close(1000)
        })
        await recorder.untilClosed()
        expect(recorder.events).to.deep.equal(['opened', 'message', 'closed'])
      })

      it('closes with a code and a reason, which the peer gets and answers', async () => {
        const far = await beginOpen()
        transport.send('before')
        transport.close(4002, 'enough')
        expect(transport.isOpen).to.equal(false)
        const end = await recorder.untilClosed()
        expect(far.received).to.deep.equal(['before'])
        expect(far.closeFrame).to.deep.equal({ code: 4002, reason: 'enough' })
        expect(end.code).to.equal(4002)
        expect(end.error).to.equal(undefined)
      })

      it('ends once when both sides close at the same time', async () => {
        const far = await beginOpen()
        far.close(4003, 'there')
        transport.close(4004, 'here')
        const end = await recorder.untilClosed()
        await turns()
        expect(end.code).to.be.oneOf([4003, 4004])
      })

      it('tells 1006 and no error when the peer ends the stream without a close frame', async () => {
        const far = await beginOpen()
        far.cut()
        expectEnd(await recorder.untilClosed(), 1006, '')
      })

      it('is cut by terminate() at once, which tells one end, 1006, and not before it returns', async () => {
        await beginOpen()
        transport.terminate()
        transport.terminate()
        expect(transport.isOpen).to.equal(false)
        expect(recorder.ends).to.deep.equal([])
        expectEnd(await recorder.untilClosed(), 1006, '')
        await turns()
      })

      it('has ended for good: closing, cutting, pausing and resuming it change nothing', async () => {
        const far = await beginOpen()
        far.close(1000)
        await recorder.untilClosed()
        transport.close(1000, '')
        transport.terminate()
        transport.pause()
        transport.resume()
        await turns()
        expect(recorder.events).to.deep.equal(['opened', 'closed'])
      })

      it('takes a send, a ping and a pong after close() without a throw, and sends nothing', async () => {
        const far = await beginOpen()
        transport.close(1000, '')
        let hasBeenTold = false
        transport.send('too late', () => (hasBeenTold = true))
        transport.ping(Buffer.from('too late'))
        transport.pong(Buffer.from('too late'))
        await recorder.untilClosed()
        transport.send('far too late')
        await eventually('the late send has been told of', () => hasBeenTold)
        expect(far.received).to.deep.equal([])
        expect(far.pongs).to.deep.equal([])
        expect(recorder.pongs).to.deep.equal([])
      })
    })
  })
}
