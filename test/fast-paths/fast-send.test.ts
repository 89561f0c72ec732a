import { expect } from 'chai'
import fc from 'fast-check'
import { FastSend } from '#src/fast-paths/fast-send.js'
import { BINARY, TEXT, framesOf } from '../support/raw-server.js'

/** The data that the fast path passes to a socket that never finishes with it. */
function rig() {
  const writes: Buffer[] = []
  const flushed: (() => void)[] = []
  const write = (bytes: Buffer, done?: () => void): boolean => {
    writes.push(bytes)
    if (done) flushed.push(done)
    return true
  }
  const fast = new FastSend({ write: write as never })
  /** The texts, and the bytes of binary messages. */
  const messages = (): (string | Buffer)[] =>
    framesOf(Buffer.concat(writes)).map(({ opcode, payload }) => {
      expect(opcode).to.be.oneOf([TEXT, BINARY])
      return opcode === TEXT ? payload.toString() : Buffer.from(payload)
    })
  return { fast, writes, flushed, messages }
}

describe('FastSend', () => {
  describe('#send', () => {
    it('frames texts of any length that it accepts, at any position in memory', () => {
      const { fast, messages } = rig()
      const sent = Array.from({ length: 700 }, (_, length) => 'x'.repeat(length))
      for (const text of sent) fast.send(text)
      fast.flush()
      expect(messages()).to.deep.equal(sent)
    })

    it('frames bytes of any length, and copies them', () => {
      const { fast, messages } = rig()
      const lengths = [
        ...Array.from({ length: 300 }, (_, length) => length),
        4_096,
        4_097,
        65_535,
        65_536,
        200_001,
      ]
      const sent = lengths.map((length) => new Uint8Array(length).fill(length + 1))
      for (const bytes of sent) {
        const reused = bytes.slice()
        fast.send(reused)
        reused.fill(0)
      }
      fast.flush()
      expect(messages()).to.deep.equal(sent.map((bytes) => Buffer.from(bytes)))
    })

    it('frames long texts in any alphabet, in order with short texts', () => {
      const { fast, messages } = rig()
      const long = [
        'y'.repeat(4_096),
        'y'.repeat(4_097),
        'y'.repeat(65_535),
        'y'.repeat(65_536),
        '🐎'.repeat(20_003),
      ]
      const sent = long.flatMap((text) => ['before', text, 'after'])
      for (const text of sent) fast.send(text)
      fast.flush()
      expect(messages()).to.deep.equal(sent)
    })

    it('writes immediately if a callback is given, and passes the callback on', () => {
      for (const length of [3, 5_000]) {
        const { fast, writes, flushed } = rig()
        let calls = 0
        fast.send('x'.repeat(length), () => (calls += 1))
        expect(writes).to.have.lengthOf(1)
        expect(calls).to.equal(0)
        for (const done of flushed) done()
        expect(calls).to.equal(1)
      }
    })

    it('frames texts with more bytes than characters', () => {
      const { fast, messages } = rig()
      const sent = ['ž'.repeat(62), 'ž'.repeat(63), '🐎'.repeat(31), '🐎'.repeat(32), '€'.repeat(4_096)]
      for (const text of sent) fast.send(text)
      fast.flush()
      expect(messages()).to.deep.equal(sent)
    })

    it('sends a replacement character for a lone surrogate, as ws does', () => {
      const { fast, messages } = rig()
      fast.send('a \ud83d b')
      fast.flush()
      expect(messages()).to.deep.equal(['a \ufffd b'])
    })

    it('frames any text correctly, even if other writers send in between', () => {
      const step = fc.record({
        who: fc.nat(2),
        text: fc.string({ unit: 'binary', maxLength: 300 }),
        flushes: fc.boolean(),
      })
      fc.assert(
        fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
          const rigs = [rig(), rig(), rig()]
          const sent: string[][] = [[], [], []]
          for (const { who, text, flushes } of steps) {
            rigs[who]?.fast.send(text)
            // Half characters cannot come back as text.
            sent[who]?.push(Buffer.from(text).toString())
            if (flushes) rigs[who]?.fast.flush()
          }
          for (const { fast } of rigs) fast.flush()
          expect(rigs.map(({ messages }) => messages())).to.deep.equal(sent)
        }),
      )
    })

    it('masks each frame with a different mask', () => {
      const { fast, writes } = rig()
      for (let count = 0; count < 5_000; count += 1) fast.send('')
      fast.flush()
      const bytes = Buffer.concat(writes)
      const masks = new Set(Array.from({ length: 5_000 }, (_, index) => bytes.readUInt32LE(index * 6 + 2)))
      for (let count = 0; count < 500; count += 1) fast.send('x'.repeat(5_000))
      for (const long of writes.slice(1)) masks.add(long.readUInt32LE(4))
      // Among 5,500 random masks two may be equal, but hardly ten.
      expect(masks.size).to.be.greaterThan(5_490)
    })
  })

  describe('#flush', () => {
    it('writes all pending data as one chunk, and nothing if no data is pending', () => {
      const { fast, writes } = rig()
      for (const text of ['one', 'two', 'three']) fast.send(text)
      expect(writes).to.have.lengthOf(0)
      expect(fast.pending).to.equal(3 * 6 + 11)
      fast.flush()
      fast.flush()
      expect(writes).to.have.lengthOf(1)
      expect(fast.pending).to.equal(0)
    })

    it('passes its callback to the socket along with pending data', () => {
      const { fast, flushed } = rig()
      let calls = 0
      fast.send('one')
      fast.flush(() => (calls += 1))
      expect(calls).to.equal(0)
      for (const done of flushed) done()
      expect(calls).to.equal(1)
    })

    it('does not modify data that it has written, because the socket may still need it', () => {
      const { fast, messages } = rig()
      const sent = Array.from({ length: 20_000 }, (_, index) => `message ${index} ${'x'.repeat(index % 90)}`)
      for (const [index, text] of sent.entries()) {
        fast.send(text)
        if (index % 400 === 0 || index % 3_000 > 2_980) fast.flush()
      }
      fast.flush()
      expect(messages()).to.deep.equal(sent)
    })

    it('copies small amounts, so that they do not keep a whole slab in memory', () => {
      const { fast, writes } = rig()
      fast.send('one')
      fast.flush()
      // Node rounds its pool up: 8 KiB, or 64 KiB since Node 24.
      expect(writes[0]?.buffer.byteLength).to.be.at.most(Buffer.poolSize + 64)
    })
  })
})
