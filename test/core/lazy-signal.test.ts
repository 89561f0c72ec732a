import { expect } from 'chai'
import { LazySignal } from '#src/core/lazy-signal.js'

const LOST = new Error('It was lost')

describe('LazySignal', () => {
  it('is one signal, whoever asks', () => {
    const lazy = new LazySignal()
    expect(lazy.signal).to.equal(lazy.signal)
    expect(lazy.signal.aborted).to.equal(false)
  })

  it('aborts what has been asked for', () => {
    const lazy = new LazySignal()
    const { signal } = lazy
    const aborts: unknown[] = []
    signal.addEventListener('abort', () => aborts.push(signal.reason))
    lazy.abort(LOST)
    expect(aborts).to.deep.equal([LOST])
  })

  it('is aborted already for who asks later, with the first reason', () => {
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
