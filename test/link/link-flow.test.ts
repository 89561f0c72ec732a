import { expect } from 'chai'
import { ConnectionLostError } from 'holdfast'
import type { Transport } from 'holdfast'
import { FakeClock } from 'holdfast/testing'
import { jsonCodec } from '#src/codecs/json.js'
import { RESOLVED } from '#src/core/deferred.js'
import { LinkFlow } from '#src/link/link-flow.js'
import { ReadDemand } from '#src/link/read-flow.js'
import { FACTS } from '../support/facts.js'

/** A transport whose buffer leaves when the test decides, the first message first. */
class SlowTransport implements Transport {
  readonly #buffer: { readonly size: number; readonly flushed: (() => void) | undefined }[] = []
  readonly sent: (string | Uint8Array)[] = []
  readonly protocol = ''
  readonly isOpen = true
  readonly bytesRead = 0
  bufferedAmount = 0

  send(data: string | Uint8Array, flushed?: () => void): void {
    this.sent.push(data)
    this.#buffer.push({ size: data.length, flushed })
    this.bufferedAmount += data.length
  }

  /** Lets `count` messages leave. */
  flush(count = this.#buffer.length): void {
    for (const { size, flushed } of this.#buffer.splice(0, count)) {
      this.bufferedAmount -= size
      flushed?.()
    }
  }

  ping(): void {}
  pong(): void {}
  close(): void {}
  terminate(): void {}
  pause(): void {}
  resume(): void {}
}

/** The flow of a link that is open until it is lost, with a send high-water mark of 100. */
class TestFlow extends LinkFlow {
  lostWith: Error | undefined
  readonly closing = { close: () => undefined }

  constructor(transport: Transport) {
    const settings = {
      clock: new FakeClock(),
      highWaterMark: 1,
      highWaterBytes: 1,
      sendHighWaterMark: 100,
      codec: jsonCodec,
      heartbeat: { style: 'off' },
    } as const
    const owner = { facts: FACTS, readyAt: 0, onReadOverflow: () => undefined }
    super(3, transport, settings, owner, {
      limiter: undefined,
      demand: new ReadDemand(),
      isBehind: false,
      onEncodeError: () => undefined,
      drop: () => undefined,
    })
  }

  get isOpen(): boolean {
    return this.lostWith === undefined
  }

  lose(error: Error): readonly unknown[] {
    this.lostWith = error
    return this.endFlow()
  }
}

function rig(): { transport: SlowTransport; flow: TestFlow } {
  const transport = new SlowTransport()
  return { transport, flow: new TestFlow(transport) }
}

/** Returns whether a promise has settled by now. */
async function isSettled(promise: Promise<void>): Promise<boolean> {
  let settled = false
  void promise.then(() => (settled = true))
  await new Promise<void>((resolve) => {
    setImmediate(resolve)
  })
  return settled
}

describe('LinkFlow', () => {
  describe('#send', () => {
    it('passes text and bytes unchanged, in order', () => {
      const { transport, flow } = rig()
      const bytes = new Uint8Array([1])
      void flow.send('text')
      void flow.send(bytes)
      expect(transport.sent).to.deep.equal(['text', bytes])
      expect(transport.sent[1]).to.equal(bytes)
    })

    it('is already resolved below the mark, with one promise for all sends', () => {
      const { flow } = rig()
      expect(flow.send('x'.repeat(99))).to.equal(RESOLVED)
    })

    it('waits at the mark until a quarter of it is left', async () => {
      const { transport, flow } = rig()
      void flow.send('x'.repeat(50))
      const waiting = flow.send('x'.repeat(25))
      expect(waiting).to.equal(RESOLVED)
      const high = flow.send('x'.repeat(25))
      const higher = flow.send('x'.repeat(25))
      transport.flush(3)
      expect(transport.bufferedAmount).to.equal(25)
      expect(await isSettled(high)).to.equal(true)
      expect(await isSettled(higher)).to.equal(true)
    })

    it('does not resolve above a quarter', async () => {
      const { transport, flow } = rig()
      const first = flow.send('x'.repeat(100))
      const second = flow.send('x'.repeat(26))
      transport.flush(1)
      expect(transport.bufferedAmount).to.equal(26)
      expect(await isSettled(first)).to.equal(false)
      expect(await isSettled(second)).to.equal(false)
      transport.flush(1)
      expect(await isSettled(first)).to.equal(true)
      expect(await isSettled(second)).to.equal(true)
    })

    it('has one promise for all pending sends', () => {
      const { flow } = rig()
      const waiting = flow.send('x'.repeat(100))
      expect(waiting).not.to.equal(RESOLVED)
      expect(flow.send('x')).to.equal(waiting)
    })

    it('resolves pending sends even if the last send did not have to wait', async () => {
      const { transport, flow } = rig()
      const waiting = flow.send('x'.repeat(101))
      transport.bufferedAmount -= 10
      const last = flow.send('x'.repeat(5))
      transport.bufferedAmount += 10
      expect(last).to.equal(RESOLVED)
      transport.flush(1)
      expect(await isSettled(waiting)).to.equal(true)
    })

    it('counts from zero once the buffer is empty', () => {
      const { transport, flow } = rig()
      void flow.send('x'.repeat(100))
      transport.flush()
      expect(flow.send('x')).to.equal(RESOLVED)
    })

    it('is already resolved if the transport accepts the data immediately, however much there is', () => {
      const { transport, flow } = rig()
      transport.send = (_data, flushed) => flushed?.()
      expect(flow.send('x'.repeat(1_000))).to.equal(RESOLVED)
    })
  })

  describe('#excess', () => {
    it('returns the waiting bytes above 16 times the mark, and nothing at or below that', () => {
      const { transport, flow } = rig()
      void flow.send('x'.repeat(1_600))
      expect(flow.excess).to.equal(undefined)
      void flow.send('x')
      expect(flow.excess).to.equal(1_601)
      transport.flush(1)
      expect(flow.excess).to.equal(undefined)
    })

    it('does not query the transport below the mark', () => {
      const { transport, flow } = rig()
      void flow.send('x')
      Object.defineProperty(transport, 'bufferedAmount', { get: () => expect.fail('it was queried') })
      expect(flow.excess).to.equal(undefined)
    })
  })

  describe('#endFlow', () => {
    it('resolves all pending sends once', async () => {
      const { transport, flow } = rig()
      const all = [flow.send('x'.repeat(100)), flow.send('x')]
      expect(flow.lose(new Error('lost'))).to.deep.equal([])
      flow.lose(new Error('lost again'))
      expect(await Promise.all(all.map(isSettled))).to.deep.equal([true, true])
      transport.flush()
    })

    it('rejects later sends with the reason why the link was lost', () => {
      const { flow } = rig()
      const cause = new Error('lost')
      flow.lose(cause)
      expect(() => flow.send('x'))
        .to.throw(ConnectionLostError, 'Cannot send: connection #3 was lost')
        .with.property('cause', cause)
    })
  })
})
