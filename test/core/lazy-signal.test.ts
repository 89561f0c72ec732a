import { expect } from 'chai'
import { LazySignal } from '#src/core/lazy-signal.js'

const LOST = new Error('It was lost')

describe('LazySignal', () => {
  it('returns the same signal every time', () => {
    const lazy = new LazySignal()
    expect(lazy.signal).to.equal(lazy.signal)
    expect(lazy.signal.aborted).to.equal(false)
  })

  it('aborts the signal that was requested earlier', () => {
    const lazy = new LazySignal()
    const { signal } = lazy
    const aborts: unknown[] = []
    signal.addEventListener('abort', () => aborts.push(signal.reason))
    lazy.abort(LOST)
    expect(aborts).to.deep.equal([LOST])
  })

  it('later returns a signal that is already aborted with the first reason', () => {
    const lazy = new LazySignal()
    lazy.abort(LOST)
    lazy.abort(new Error('another'))
    expect(lazy.signal.aborted).to.equal(true)
    expect(lazy.signal.reason).to.equal(LOST)
  })

  it('keeps its first reason', () => {
    const lazy = new LazySignal()
    const { signal } = lazy
    lazy.abort(LOST)
    lazy.abort(new Error('another'))
    expect(signal.reason).to.equal(LOST)
  })
})
