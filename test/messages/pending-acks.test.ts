import { expect } from 'chai'
import { FakeClock } from 'holdfast/testing'
import { PendingAcks } from '#src/messages/pending-acks.js'

/** Acknowledgements on a clock of their own. Each is a message equal to the subscription's name; `notes` keeps what was told. */
function rig() {
  const clock = new FakeClock()
  const notes: string[] = []
  const acks = new PendingAcks<string>(clock, {
    onChange: () => notes.push(`${acks.size} pending`),
    onTimeout: (subscription, timeout) => notes.push(`${subscription} late after ${timeout}`),
    onError: (subscription, thrown) => notes.push(`${subscription} threw ${String(thrown)}`),
  })
  const add = (name: string): void => acks.add(name, (message) => message === name, 100)
  return { clock, notes, acks, add }
}

describe('PendingAcks', () => {
  describe('#match', () => {
    it('finds the subscription that a message acknowledges, which is then no longer pending', () => {
      const { acks, add } = rig()
      add('a')
      add('b')
      expect(acks.match('b')).to.deep.equal({ subscription: 'b', result: true })
      expect(acks.match('b')).to.equal(undefined)
      expect(acks.size).to.equal(1)
    })

    it('finds the oldest of several', () => {
      const { acks } = rig()
      acks.add('first', () => true, 100)
      acks.add('second', () => true, 100)
      expect(acks.match({})?.subscription).to.equal('first')
    })

    it('returns the refusal that the function saw', () => {
      const { acks } = rig()
      const error = new Error('no such channel')
      acks.add('a', () => 'refused', 100)
      expect(acks.match({})?.result).to.equal('refused')
      acks.add('b', () => error, 100)
      expect(acks.match({})?.result).to.equal(error)
    })

    it('takes anything else for no acknowledgement', () => {
      const { acks } = rig()
      acks.add('a', (() => 'yes') as never, 100)
      expect(acks.match({})).to.equal(undefined)
      expect(acks.size).to.equal(1)
    })

    it('reports a function that returns a promise, which is never taken for yes', () => {
      const { acks, notes } = rig()
      acks.add('a', (() => Promise.reject(new Error('unheard'))) as never, 100)
      expect(acks.match({})).to.equal(undefined)
      expect(notes.join()).to.contain('a threw TypeError: The ack function returned a promise')
    })

    it('reports a function that throws, asks it no more, and goes on with the others', () => {
      const { acks, add, notes } = rig()
      acks.add(
        'broken',
        () => {
          throw new Error('oops')
        },
        100,
      )
      add('b')
      expect(acks.match('b')?.subscription).to.equal('b')
      expect(notes).to.include('broken threw Error: oops')
      expect(acks.size).to.equal(0)
    })
  })

  it('tells of an acknowledgement that does not come, once', async () => {
    const { clock, add, notes } = rig()
    add('a')
    await clock.advance(99)
    expect(notes).to.deep.equal(['1 pending'])
    await clock.advance(1_000)
    expect(notes).to.deep.equal(['1 pending', '0 pending', 'a late after 100'])
  })

  it('starts no timer that outlives its acknowledgement', () => {
    const { clock, acks, add } = rig()
    add('matched')
    acks.match('matched')
    add('deleted')
    acks.delete('deleted')
    add('cleared')
    acks.clear()
    expect(clock.timers).to.equal(0)
  })

  it('tells of no change where there is none', () => {
    const { acks, notes } = rig()
    acks.clear()
    acks.delete('unknown')
    expect(notes).to.deep.equal([])
  })
})
