import { expect } from 'chai'
import type { Transport } from 'holdfast'
import { RESOLVED } from '#src/core/deferred.js'
import { WriteFlow, checkRaw } from '#src/link/write-flow.js'

/** A transport whose buffer leaves when the test says so, the first message first. */
class SlowTransport implements Transport {
  readonly #buffer: { readonly size: number; readonly flushed: (() => void) | undefined }[] = []
  readonly sent: (string | Uint8Array)[] = []
  readonly protocol = ''
  readonly isOpen = true
  bufferedAmount = 0

  send(data: string | Uint8Array, flushed?: () => void): void {
    this.sent.push(data)
    this.#buffer.push({ size: data.length, flushed })
    this.bufferedAmount += data.length
  }

  /** Lets so many messages leave. */
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

/** Sends of a link with a high-water mark of 100. */
function rig() {
  const transport = new SlowTransport()
  return { transport, writeFlow: new WriteFlow(transport, 100) }
}

/** Tells whether a promise has settled by now. */
async function isSettled(promise: Promise<void>): Promise<boolean> {
  let settled = false
  void promise.then(() => (settled = true))
  await new Promise<void>((resolve) => {
    setImmediate(resolve)
  })
  return settled
}

describe('WriteFlow', () => {
  describe('#send', () => {
    it('hands text and bytes on as they are, in order', () => {
      const { transport, writeFlow } = rig()
      const bytes = new Uint8Array([1])
      void writeFlow.send('text')
      void writeFlow.send(bytes)
      expect(transport.sent).to.deep.equal(['text', bytes])
      expect(transport.sent[1]).to.equal(bytes)
    })

    it('is settled already below the mark, with one promise for all', () => {
      const { writeFlow } = rig()
      expect(writeFlow.send('x'.repeat(99))).to.equal(RESOLVED)
    })

    it('waits at the mark, until a quarter of it is left', async () => {
      const { transport, writeFlow } = rig()
      void writeFlow.send('x'.repeat(50))
      const waiting = writeFlow.send('x'.repeat(25))
      expect(waiting).to.equal(RESOLVED)
      const high = writeFlow.send('x'.repeat(25))
      const higher = writeFlow.send('x'.repeat(25))
      transport.flush(3)
      expect(transport.bufferedAmount).to.equal(25)
      expect(await isSettled(high)).to.equal(true)
      expect(await isSettled(higher)).to.equal(true)
    })

    it('does not go on before that', async () => {
      const { transport, writeFlow } = rig()
      const first = writeFlow.send('x'.repeat(100))
      const second = writeFlow.send('x'.repeat(26))
      transport.flush(1)
      expect(transport.bufferedAmount).to.equal(26)
      expect(await isSettled(first)).to.equal(false)
      expect(await isSettled(second)).to.equal(false)
      transport.flush(1)
      expect(await isSettled(first)).to.equal(true)
      expect(await isSettled(second)).to.equal(true)
    })

    it('lets those that wait go on although the last send did not wait', async () => {
      const { transport, writeFlow } = rig()
      const waiting = writeFlow.send('x'.repeat(101))
      transport.bufferedAmount -= 10
      const last = writeFlow.send('x'.repeat(5))
      transport.bufferedAmount += 10
      expect(last).to.equal(RESOLVED)
      transport.flush(1)
      expect(await isSettled(waiting)).to.equal(true)
    })

    it('counts anew once the buffer has emptied', () => {
      const { transport, writeFlow } = rig()
      void writeFlow.send('x'.repeat(100))
      transport.flush()
      expect(writeFlow.send('x')).to.equal(RESOLVED)
    })

    it('is settled already when the transport takes even much at once', () => {
      const { transport, writeFlow } = rig()
      transport.send = (_data, flushed) => flushed?.()
      expect(writeFlow.send('x'.repeat(1_000))).to.equal(RESOLVED)
    })
  })

  describe('#end', () => {
    it('lets everybody go on, once', async () => {
      const { transport, writeFlow } = rig()
      const all = [writeFlow.send('x'.repeat(100)), writeFlow.send('x')]
      writeFlow.end()
      writeFlow.end()
      expect(await Promise.all(all.map(isSettled))).to.deep.equal([true, true])
      transport.flush()
    })
  })
})

describe('checkRaw', () => {
  it('lets text and bytes pass', () => {
    for (const data of ['', 'text', new Uint8Array(1), Buffer.from('x')]) {
      expect(() => checkRaw(data)).not.to.throw()
    }
  })

  const rows: [unknown, string][] = [
    [{ token: 'secret' }, 'a plain object'],
    [undefined, 'undefined'],
    [5, 'a number'],
    [new ArrayBuffer(1), 'an instance of ArrayBuffer'],
  ]
  for (const [data, told] of rows) {
    it(`refuses ${told}, and names the methods that were meant`, () => {
      expect(() => checkRaw(data)).to.throw(
        TypeError,
        `send() sends text or bytes as they are, and was given ${told}: use sendJson() or sendMessage() for values`,
      )
    })
  }
})
