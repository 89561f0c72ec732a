import { expect } from 'chai'
import { FakeClock } from 'holdfast/testing'
import { PendingAcks } from '#src/subscriptions/pending-acks.js'
import type { AckWait } from '#src/subscriptions/pending-acks.js'

/** Acknowledgments on their own clock. Each is a message equal to the name of its subscription; `notes` records the events. */
function rig() {
  const clock = new FakeClock()
  const notes: string[] = []
  const acks = new PendingAcks<string>(clock, {
    onChange: () => notes.push(`${acks.size} pending`),
    onTimeout: (subscription, timeout) => notes.push(`${subscription} late after ${timeout}`),
    onError: (subscription, thrown) => notes.push(`${subscription} threw ${String(thrown)}`),
  })
  const addWith = (name: string, ack: AckWait['ack']): void =>
    acks.start(acks.add(name, { ack, timeout: 100 }))
  const add = (name: string): void => addWith(name, (message) => message === name)
  return { clock, notes, acks, add, addWith }
}

describe('PendingAcks', () => {
  describe('#match', () => {
    it('returns the subscription that a message acknowledges, which is then no longer pending', () => {
      const { acks, add } = rig()
      add('a')
      add('b')
      expect(acks.match('b')).to.deep.equal({ subscription: 'b', result: true })
      expect(acks.match('b')).to.equal(undefined)
      expect(acks.size).to.equal(1)
    })

    it('returns the oldest of several', () => {
      const { acks, addWith } = rig()
      addWith('first', () => true)
      addWith('second', () => true)
      expect(acks.match({})?.subscription).to.equal('first')
    })

    it('returns the rejection that the function returned', () => {
      const { acks, addWith } = rig()
      const error = new Error('no such channel')
      addWith('a', () => 'refused')
      expect(acks.match({})?.result).to.equal('refused')
      addWith('b', () => error)
      expect(acks.match({})?.result).to.equal(error)
    })

    it('does not treat any other value as an acknowledgment, not even a promise', () => {
      const { acks, addWith } = rig()
      addWith('a', (() => Promise.resolve(true)) as never)
      expect(acks.match({})).to.equal(undefined)
      expect(acks.size).to.equal(1)
    })

    it('reports a function that throws, does not call it again, and continues with the others', () => {
      const { acks, add, addWith, notes } = rig()
      addWith('broken', () => {
        throw new Error('oops')
      })
      add('b')
      expect(acks.match('b')?.subscription).to.equal('b')
      expect(notes).to.include('broken threw Error: oops')
      expect(acks.size).to.equal(0)
    })
  })

  it('reports a missing acknowledgment once', async () => {
    const { clock, add, notes } = rig()
    add('a')
    await clock.advance(99)
    expect(notes).to.deep.equal(['1 pending'])
    await clock.advance(1_000)
    expect(notes).to.deep.equal(['1 pending', '0 pending', 'a late after 100'])
  })

  it('counts the time from its start, and starts once', async () => {
    const { clock, acks, notes } = rig()
    const pending = acks.add('a', { ack: () => true, timeout: 100 })
    await clock.advance(1_000)
    expect(clock.timers).to.equal(0)
    acks.start(pending)
    acks.start(pending)
    expect(clock.timers).to.equal(1)
    await clock.advance(100)
    expect(notes).to.include('a late after 100')
  })

  it('starts no timeout for a removed or replaced acknowledgment', () => {
    const { clock, acks } = rig()
    const add = () => acks.add('a', { ack: () => true, timeout: 100 })
    const first = add()
    acks.clear()
    acks.start(first)
    add()
    acks.start(first)
    expect(clock.timers).to.equal(0)
  })

  it('finds a late one that is still needed, after the pending ones, without counting it as pending', async () => {
    const { clock, acks } = rig()
    for (const name of ['wanted', 'other'])
      acks.start(acks.add(name, { ack: () => true, timeout: 100, isWantedLate: name === 'wanted' }))
    await clock.advance(100)
    expect(acks.size).to.equal(0)
    acks.add('pending', { ack: () => true, timeout: 100 })
    const found = [1, 2, 3].map(() => acks.match({})?.subscription)
    expect(found).to.deep.equal(['pending', 'wanted', undefined])
  })

  it('drops late ones when they are cleared or deleted, and the oldest of more than 1,000', async () => {
    const { clock, acks } = rig()
    const late = async (...names: readonly string[]): Promise<void> => {
      for (const name of names)
        acks.start(acks.add(name, { ack: (message) => message === name, timeout: 100, isWantedLate: true }))
      await clock.advance(100)
    }
    await late('a', 'b')
    acks.delete('a')
    expect(acks.match('a')).to.equal(undefined)
    acks.clear()
    expect(acks.match('b')).to.equal(undefined)
    const names = Array.from({ length: 1_001 }, (_, index) => String(index))
    await late(...names)
    expect(['0', '1'].map((name) => acks.match(name)?.subscription)).to.deep.equal([undefined, '1'])
  })

  it('starts no timer that outlives its acknowledgment', () => {
    const { clock, acks, add } = rig()
    add('matched')
    acks.match('matched')
    add('deleted')
    acks.delete('deleted')
    add('cleared')
    acks.clear()
    expect(clock.timers).to.equal(0)
  })

  it('reports no change if there is none', () => {
    const { acks, notes } = rig()
    acks.clear()
    acks.delete('unknown')
    expect(notes).to.deep.equal([])
  })
})
