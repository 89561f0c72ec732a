import { expect } from 'chai'
import fc from 'fast-check'
import { FrameFollower, headerLength } from '#src/fast-paths/frame-follower.js'
import {
  BINARY,
  CLOSE,
  CONTINUATION,
  PING,
  PONG,
  TEXT,
  closePayload,
  frame,
  longHeader,
} from '../support/raw-server.js'

/** Lets a follower track chunks to their ends. */
function followAll(follower: FrameFollower, ...chunks: readonly Buffer[]): void {
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) at = follower.follow(chunk, at)
  }
}

/** Counts the events that a follower waits for, by delivering them. */
function pendingOf(follower: FrameFollower): number {
  let pending = 0
  while (!follower.isEmitted && pending < 1_000) {
    follower.onWsEvent()
    pending += 1
  }
  return pending
}

function followed(...chunks: readonly Buffer[]): FrameFollower {
  const follower = new FrameFollower()
  followAll(follower, ...chunks)
  return follower
}

describe('FrameFollower', () => {
  it('starts between messages, with nothing to emit', () => {
    expect(new FrameFollower()).to.include({ isEmitted: true, isBetweenMessages: true, isEnding: false })
  })

  describe('#follow', () => {
    it('reads a header byte by byte, and a payload up to the end of the frame or the chunk', () => {
      const follower = new FrameFollower()
      const bytes = frame(TEXT, 'hello')
      const both = Buffer.concat([bytes, bytes])
      const stops: number[] = []
      for (let at = 0; at < both.length;) stops.push((at = follower.follow(both, at)))
      expect(stops).to.deep.equal([1, 2, 7, 8, 9, 14])
      const cut = new FrameFollower()
      followAll(cut, bytes.subarray(0, 2))
      expect(cut.follow(bytes.subarray(2, 5), 0)).to.equal(3)
    })

    for (const length of [0, 1, 125, 126, 0xffff, 0x10000]) {
      it(`ends a message of ${length} bytes with its last byte`, () => {
        const bytes = frame(BINARY, Buffer.alloc(length, 0x81))
        const follower = followed(bytes.subarray(0, -1))
        expect(follower).to.include({ isBetweenMessages: false, isEmitted: true })
        followAll(follower, bytes.subarray(-1))
        expect(follower).to.include({ isBetweenMessages: true, isEmitted: false, isEnding: false })
      })
    }

    it('reads an eight-byte length', () => {
      const follower = followed(longHeader(TEXT, 2 ** 40))
      const chunk = Buffer.alloc(1_000)
      expect(follower.follow(chunk, 0)).to.equal(1_000)
      expect(follower).to.include({ isBetweenMessages: false, isEmitted: true, isEnding: false })
    })

    it('follows frames however they are split into chunks', () => {
      const frames = [
        frame(TEXT, 'a'),
        frame(PING),
        frame(TEXT, 'x'.repeat(300), false),
        frame(PONG, 'pong'),
        frame(CONTINUATION, ''),
        frame(BINARY, Buffer.alloc(70_000)),
        frame(TEXT),
      ]
      const bytes = Buffer.concat(frames)
      const cuts = fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 12 })
      fc.assert(
        fc.property(cuts, (places) => {
          const follower = new FrameFollower()
          const ends = [...places, bytes.length].sort((a, b) => a - b)
          followAll(follower, ...ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end)))
          expect(follower).to.include({ isBetweenMessages: true, isEnding: false })
          expect(pendingOf(follower)).to.equal(6)
        }),
        { numRuns: 50 },
      )
    })
  })

  describe('#isEmitted', () => {
    it('is false from the end of a message, a ping, or a pong until its event', () => {
      for (const opcode of [TEXT, BINARY, PING, PONG]) {
        const follower = followed(frame(opcode, 'x'))
        expect(follower.isEmitted).to.equal(false)
        follower.onWsEvent()
        expect(follower.isEmitted).to.equal(true)
      }
    })

    it('counts the frames', () => {
      expect(pendingOf(followed(frame(TEXT, 'a'), frame(PONG), frame(TEXT, 'b')))).to.equal(3)
    })

    it('counts a fragmented message once, at its last fragment', () => {
      const follower = followed(frame(TEXT, 'a', false), frame(CONTINUATION, 'b', false))
      expect(follower.isEmitted).to.equal(true)
      followAll(follower, frame(CONTINUATION, 'c'))
      expect(pendingOf(follower)).to.equal(1)
    })
  })

  describe('#isBetweenMessages', () => {
    it('is false within a header, even after one byte', () => {
      const bytes = frame(TEXT, 'x'.repeat(300))
      for (const length of [1, 2, 3]) {
        expect(followed(bytes.subarray(0, length)).isBetweenMessages).to.equal(false)
      }
    })

    it('is never true again within a masked frame, however short', () => {
      expect(followed(Buffer.from([0x81, 0x80, 1, 2, 3, 4])).isBetweenMessages).to.equal(false)
      expect(followed(Buffer.from([0x81, 0x81, 1, 2, 3, 4, 0])).isBetweenMessages).to.equal(false)
    })

    it('is false from the first fragment to the last, even after a control frame between them', () => {
      const follower = followed(frame(TEXT, 'a', false))
      expect(follower.isBetweenMessages).to.equal(false)
      for (const opcode of [PING, PONG]) {
        followAll(follower, frame(opcode, 'between'))
        expect(follower.isBetweenMessages).to.equal(false)
      }
      followAll(follower, frame(CONTINUATION))
      expect(follower.isBetweenMessages).to.equal(true)
    })
  })

  describe('#isEnding', () => {
    const endings: Readonly<Record<string, Buffer>> = {
      'a close frame': frame(CLOSE, closePayload(1000)),
      'a close frame without a code': frame(CLOSE),
      'a compressed message': Buffer.from([0xc1, 0]),
      'a second reserved bit': Buffer.from([0xa1, 0]),
      'a third reserved bit': Buffer.from([0x91, 0]),
      'a pong with a reserved bit': Buffer.from([0xca, 0]),
      'a masked frame': Buffer.from([0x81, 0x84, 1, 2, 3, 4, 0, 0, 0, 0]),
      'a masked frame without a payload': Buffer.from([0x81, 0x80, 1, 2, 3, 4, 0, 0, 0, 0]),
      'an unknown opcode': frame(0x3, 'x'),
      'an unknown control opcode': frame(0xb, 'x'),
    }
    for (const [name, bytes] of Object.entries(endings)) {
      it(`is true from the second byte of ${name} on`, () => {
        const follower = followed(bytes.subarray(0, 1))
        expect(follower.isEnding).to.equal(false)
        followAll(follower, bytes.subarray(1, 2))
        expect(follower.isEnding).to.equal(true)
        followAll(follower, bytes.subarray(2), frame(TEXT, 'x'))
        expect(follower.isEnding).to.equal(true)
      })
    }

    it('is false for all other frames', () => {
      const follower = followed(
        frame(TEXT, 'a', false),
        frame(PING, 'x'.repeat(125)),
        frame(CONTINUATION, 'b'),
        frame(BINARY, Buffer.alloc(70_000)),
        frame(PONG),
      )
      expect(follower.isEnding).to.equal(false)
    })
  })
})

describe('headerLength', () => {
  it('is 2 bytes, plus 2 or 8 bytes for a longer length', () => {
    expect([0, 125, 126, 127].map(headerLength)).to.deep.equal([2, 2, 4, 10])
  })
})
