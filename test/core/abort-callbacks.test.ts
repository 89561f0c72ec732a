import { expect } from 'chai'
import { addAbortCallback, removeAbortCallback } from '#src/core/abort-callbacks.js'
import { countListeners } from '../support/count-listeners.js'

describe('abort callbacks', () => {
  it('share one listener on their signal, which the last callback removes', () => {
    const { signal } = new AbortController()
    const listeners = countListeners(signal)
    const callbacks = Array.from({ length: 100 }, () => () => undefined)
    for (const callback of callbacks) addAbortCallback(signal, callback)
    expect(listeners()).to.equal(1)
    for (const callback of callbacks.slice(1)) removeAbortCallback(signal, callback)
    expect(listeners()).to.equal(1)
    removeAbortCallback(signal, callbacks[0] as () => undefined)
    expect(listeners()).to.equal(0)
  })

  it('are called when the signal aborts, unless they were removed', () => {
    const controller = new AbortController()
    const called: string[] = []
    const removed = (): void => void called.push('removed')
    addAbortCallback(controller.signal, () => called.push('first'))
    addAbortCallback(controller.signal, removed)
    addAbortCallback(controller.signal, () => called.push('last'))
    removeAbortCallback(controller.signal, removed)
    controller.abort()
    expect(called).to.deep.equal(['first', 'last'])
  })

  it('can remove themselves when they are called', () => {
    const controller = new AbortController()
    const listeners = countListeners(controller.signal)
    let calls = 0
    const both = Array.from({ length: 2 }, () => {
      const callback = (): void => {
        calls += 1
        removeAbortCallback(controller.signal, callback)
      }
      return callback
    })
    for (const callback of both) addAbortCallback(controller.signal, callback)
    controller.abort()
    expect(calls).to.equal(2)
    expect(listeners()).to.equal(0)
  })

  it('are independent if their signals differ', () => {
    const [one, other] = [new AbortController(), new AbortController()]
    let calls = 0
    const callback = (): void => void (calls += 1)
    addAbortCallback(one.signal, callback)
    addAbortCallback(other.signal, callback)
    removeAbortCallback(one.signal, callback)
    removeAbortCallback(one.signal, callback)
    one.abort()
    expect(calls).to.equal(0)
    other.abort()
    expect(calls).to.equal(1)
  })
})
