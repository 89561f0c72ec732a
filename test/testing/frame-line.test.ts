import { expect } from 'chai'
import { FrameLine } from '#src/testing/frame-line.js'

/** A line of numbers, and the numbers that have been read. */
function rig(chunk = 1) {
  const read: number[] = []
  const line = new FrameLine<number>({ chunk }, (frame) => {
    read.push(frame)
    // A client that pauses does so while it reads.
    if (frame === 2) line.pause()
  })
  const push = (...frames: number[]): void => frames.forEach((frame) => line.push(frame))
  return { line, push, read }
}

describe('FrameLine', () => {
  it('reads nothing before it is open, then everything that has arrived, after the announcement', () => {
    const { line, push, read } = rig()
    push(0, 1)
    expect(read).to.deep.equal([])
    line.open(() => {
      push(3)
      // The reader for the rest is not known yet.
      expect(read).to.deep.equal([])
    })
    expect(read).to.deep.equal([0, 1, 3])
  })

  it('reads no further while it is paused, and resumes in a microtask', async () => {
    const { line, push, read } = rig()
    line.open(() => undefined)
    push(1, 2, 3)
    expect(line.isPaused).to.equal(true)
    expect(read).to.deep.equal([1, 2])
    line.resume()
    expect(read).to.deep.equal([1, 2])
    await Promise.resolve()
    expect(read).to.deep.equal([1, 2, 3])
  })

  it('reads the rest of a chunk that has started', () => {
    const { line, push, read } = rig(3)
    push(1, 2, 3, 4)
    line.open(() => undefined)
    expect(read).to.deep.equal([1, 2, 3])
  })

  it('keeps the order if a frame is pushed while another is read', () => {
    const read: number[] = []
    const line = new FrameLine<number>({ chunk: 1 }, (frame) => {
      read.push(frame)
      if (frame === 1) line.push(3)
    })
    line.push(1)
    line.push(2)
    line.open(() => undefined)
    expect(read).to.deep.equal([1, 2, 3])
  })
})
