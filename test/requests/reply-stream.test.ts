import { expect } from 'chai'
import { ReplyStream } from '#src/requests/reply-stream.js'
import { rejection } from '../support/rejection.js'

/** A stream, and the number of times it was left. */
function rig() {
  const left = { times: 0 }
  return { left, stream: new ReplyStream(() => void (left.times += 1)) }
}

const DONE = { done: true, value: undefined }
const FAILED = new Error('the connection was lost')

describe('ReplyStream', () => {
  it('is its own iterator', () => {
    const { stream } = rig()
    expect(stream[Symbol.asyncIterator]()).to.equal(stream)
  })

  it('calls forget when a loop is left early', async () => {
    const { left, stream } = rig()
    stream.push('a')
    stream.push('b')
    for await (const reply of stream) {
      expect(reply).to.equal('a')
      break
    }
    expect(left.times).to.equal(1)
  })

  describe('#next', () => {
    it('returns unread replies in order', async () => {
      const { stream } = rig()
      for (const reply of ['a', undefined, 'c']) stream.push(reply)
      expect(stream.unread).to.equal(3)
      const results = [await stream.next(), await stream.next(), await stream.next()]
      expect(results).to.deep.equal(['a', undefined, 'c'].map((value) => ({ done: false, value })))
      expect(stream.unread).to.equal(0)
    })

    it('waits for a reply, first reader first', async () => {
      const { stream } = rig()
      const reads = [stream.next(), stream.next()]
      stream.push('a')
      stream.push('b')
      expect(stream.unread).to.equal(0)
      expect(await Promise.all(reads)).to.deep.equal(['a', 'b'].map((value) => ({ done: false, value })))
    })
  })

  describe('#end', () => {
    it('ends all waiting and later readers', async () => {
      const { left, stream } = rig()
      const reads = [stream.next(), stream.next()]
      stream.end()
      expect(await Promise.all([...reads, stream.next()])).to.deep.equal([DONE, DONE, DONE])
      expect(left.times).to.equal(0)
    })

    it('returns the replies that arrived before, then rejects with the error', async () => {
      const { stream } = rig()
      stream.push('a')
      stream.end(FAILED)
      expect(await stream.next()).to.deep.equal({ done: false, value: 'a' })
      expect(await rejection(stream.next())).to.equal(FAILED)
    })

    it('drops unread replies if aborted', async () => {
      const { stream } = rig()
      stream.push('a')
      stream.end(FAILED, true)
      expect(stream.unread).to.equal(0)
      expect(await rejection(stream.next())).to.equal(FAILED)
    })

    it('keeps the first ending', async () => {
      const { stream } = rig()
      stream.end()
      stream.end(FAILED)
      expect(await stream.next()).to.deep.equal(DONE)
    })

    it('leaves no rejection unhandled if a reader does not await', async () => {
      const { stream } = rig()
      void stream.next()
      stream.end(FAILED)
      await new Promise(setImmediate)
    })
  })

  describe('#return', () => {
    it('drops unread replies, and ends all readers', async () => {
      const { left, stream } = rig()
      const reader = stream.next()
      stream.push('a')
      stream.push('b')
      const waiting = rig()
      const pending = waiting.stream.next()
      expect(await stream.return()).to.deep.equal(DONE)
      expect(await waiting.stream.return()).to.deep.equal(DONE)
      expect(await reader).to.deep.equal({ done: false, value: 'a' })
      expect(await pending).to.deep.equal(DONE)
      expect(await stream.next()).to.deep.equal(DONE)
      expect(stream.unread).to.equal(0)
      expect(left.times).to.equal(1)
    })

    it('replaces an error that was not read', async () => {
      const { stream } = rig()
      stream.end(FAILED)
      await stream.return()
      expect(await stream.next()).to.deep.equal(DONE)
    })
  })
})
