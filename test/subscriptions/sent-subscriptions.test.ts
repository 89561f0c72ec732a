import { expect } from 'chai'
import { SentSubscriptions } from '#src/subscriptions/sent-subscriptions.js'

const of = (key: string) => ({ key })

describe('SentSubscriptions', () => {
  it('contains sent subscriptions with their IDs', () => {
    const sent = new SentSubscriptions()
    const [a, b] = [of('a'), of('b')]
    sent.add(a)
    sent.add(b, 7)
    expect(sent.all()).to.deep.equal([a, b])
    expect([sent.idOf(a), sent.idOf(b), sent.keyOf(7), sent.keyOf('7')]).to.deep.equal([
      undefined,
      7,
      'b',
      undefined,
    ])
    sent.add(a, 'x')
    expect(sent.keyOf('x')).to.equal('a')
    sent.clear()
    expect([sent.has(a), sent.keyOf(7)]).to.deep.equal([false, undefined])
  })

  it('removes a single ID or everything, but no ID that another subscription has by now', () => {
    const sent = new SentSubscriptions()
    const [a, b] = [of('a'), of('b')]
    sent.add(a, 7)
    sent.forgetId(a)
    expect([sent.has(a), sent.keyOf(7)]).to.deep.equal([true, undefined])
    sent.add(b, 7)
    expect(sent.delete(a)).to.equal(true)
    expect(sent.delete(a)).to.equal(false)
    expect(sent.keyOf(7)).to.equal('b')
  })

  it('passes IDs on to subscriptions with the same keys, and returns those whose key no longer exists', () => {
    const sent = new SentSubscriptions<{ readonly key: string }>()
    const [a, b, c, newA] = [of('a'), of('b'), of('c'), of('a')]
    for (const [index, each] of [a, b, c].entries()) sent.add(each, index)
    const current = new Map([newA, b].map((each) => [each.key, each]))
    expect(sent.passOn(current)).to.deep.equal([c])
    expect([sent.has(a), sent.idOf(newA), sent.idOf(b), sent.keyOf(0)]).to.deep.equal([false, 0, 1, 'a'])
  })
})
