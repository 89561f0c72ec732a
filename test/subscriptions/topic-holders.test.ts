import { expect } from 'chai'
import { OpenHolder, TopicHolders } from '#src/subscriptions/topic-holders.js'
import { rejection } from '../support/rejection.js'

/** Holds topics like an `@OnOpen`. */
function opened(...keys: readonly string[]): OpenHolder {
  const holder = new OpenHolder()
  for (const key of keys) holder.hold(key, key)
  return holder
}

const keysOf = (topics: readonly { readonly key: string }[]): string[] => topics.map(({ key }) => key)

describe('TopicHolders', () => {
  it('holds a topic until the last call has released it', () => {
    const holders = new TopicHolders()
    expect(holders.hold('a', 'A')).to.equal(holders.hold('a', 'A'))
    expect(holders.release('a')).to.equal(undefined)
    expect(holders.release('a')).to.include({ key: 'a', topic: 'A' })
    expect(holders.topics.size).to.equal(0)
    expect(holders.release('a')).to.equal(undefined)
  })

  it('replaces the topics of the previous @OnOpen, and keeps those that calls hold', () => {
    const holders = new TopicHolders()
    holders.hold('own', 'own')
    expect(holders.settleOpen(opened('a', 'own'), false)).to.deep.equal([])
    expect(keysOf(holders.settleOpen(opened('b'), false))).to.deep.equal(['a'])
    expect([...holders.topics.keys()]).to.deep.equal(['own', 'b'])
  })

  it('releases a topic of @OnOpen once each of its calls has released it, only for the current @OnOpen', () => {
    const holders = new TopicHolders()
    const [first, second] = [opened('a', 'a'), opened('a')]
    holders.settleOpen(first, false)
    expect(holders.releaseOpened(first, 'a')).to.equal(undefined)
    expect(holders.releaseOpened(first, 'a')).to.have.property('key', 'a')
    holders.settleOpen(second, false)
    const third = opened('a')
    holders.settleOpen(third, false)
    expect(holders.releaseOpened(second, 'a')).to.equal(undefined)
    expect(holders.releaseOpened(third, 'a')).to.have.property('key', 'a')
  })

  it('adds the topics of an @OnOpen to kept ones, until a later one replaces them', () => {
    const holders = new TopicHolders()
    const [first, second] = [opened('a', 'b'), opened('b', 'c')]
    holders.settleOpen(first, false)
    expect(holders.settleOpen(second, true)).to.deep.equal([])
    expect([...holders.topics.keys()]).to.deep.equal(['a', 'b', 'c'])
    expect(holders.releaseOpened(second, 'b')).to.equal(undefined)
    expect(holders.releaseOpened(first, 'b')).to.have.property('key', 'b')
    expect(holders.releaseOpened(second, 'c')).to.have.property('key', 'c')
    expect(keysOf(holders.settleOpen(opened(), false))).to.deep.equal(['a'])
  })

  it('has one acknowledgment per topic, which is renewed after it settles', async () => {
    const holders = new TopicHolders()
    const held = holders.hold('a', 'a')
    const { promise } = held.ack
    const next = opened('a')
    const waiting = next.topics.get('a')!.ack.promise
    holders.renew()
    holders.settleOpen(next, false)
    held.ack.settle()
    await Promise.all([promise, waiting])
    const settled = held.ack
    holders.renew()
    expect(held.ack).not.to.equal(settled)
    held.ack.settle(new Error('refused'))
    expect(await rejection(held.ack.promise)).to.be.instanceOf(Error)
    holders.renewOne('a')
    holders.renewOne('unknown')
    expect(held.ack.isSettled).to.equal(false)
  })

  it('releases everything', () => {
    const holders = new TopicHolders()
    holders.hold('own', 'own')
    holders.settleOpen(opened('a'), false)
    expect(keysOf(holders.clear())).to.deep.equal(['own', 'a'])
    expect(holders.topics.size).to.equal(0)
  })
})
