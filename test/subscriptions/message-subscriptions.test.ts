import { expect } from 'chai'
import fc from 'fast-check'
import { FakeClock } from 'holdfast/testing'
import { MessageSubscriptions } from '#src/subscriptions/message-subscriptions.js'
import type { SubscribeOptions } from '#src/subscriptions/subscribe-options.js'
import { EncodeError } from '#src/errors/message-errors.js'
import { SubscriptionError } from '#src/errors/subscription-error.js'

/** A connection that can become ready or lost, and a record of its messages. */
function rig() {
  const clock = new FakeClock()
  const sent: unknown[] = []
  const errors: Error[] = []
  const waits: number[] = []
  const unread: (() => void)[] = []
  let ids = 0
  const connection: { isReady: boolean; isReading: boolean; sending(message: unknown): void } = {
    isReady: false,
    isReading: true,
    sending: () => {},
  }
  /** Lets the sent messages leave. */
  const read = (): void => {
    for (const left of unread.splice(0)) left()
  }
  const subscriptions: MessageSubscriptions = new MessageSubscriptions(
    {
      send(message, left) {
        if (message === undefined) throw new EncodeError('It cannot be encoded')
        if (!connection.isReady) throw new Error(`sent while not ready: ${JSON.stringify(message)}`)
        sent.push(message)
        connection.sending(message)
        if (connection.isReading) left()
        else unread.push(left)
      },
      asRequest(message) {
        if (typeof message !== 'object') throw new TypeError('It cannot have an ID')
        const id = (ids += 1)
        return {
          message: { ...message, id },
          isReply: (received) => {
            const { to, error } = received as { to?: unknown; error?: string }
            return to === id && (error === undefined || new Error(error))
          },
        }
      },
      isReady: () => connection.isReady,
      report: (error) => errors.push(error),
      onPendingAcksChange: () => waits.push(subscriptions.pendingAcks),
    },
    clock,
  )
  const ready = (isKept = false): void => {
    connection.isReady = true
    subscriptions.onReady(isKept)
  }
  const lost = (): void => {
    connection.isReady = false
    subscriptions.onLost()
  }
  /** Returns the messages sent since the last call. */
  const said = (): unknown[] => sent.splice(0)
  /** Returns the key and reason of each error reported since the last call. */
  const reports = (): string[] =>
    errors
      .splice(0)
      .map((error) => (error instanceof SubscriptionError ? `${error.key} ${error.reason}` : String(error)))
  return { clock, connection, subscriptions, errors, waits, ready, lost, read, said, reports }
}

/** An acknowledgment or a rejection that names its subscription. */
interface Reply {
  readonly to: string
  readonly id?: string | number
  readonly isRefusal?: boolean
}

/** Waits for the reply to one subscription. */
function repliesTo(name: string): SubscribeOptions {
  return {
    ack(message) {
      const { to, isRefusal } = message as Reply
      return to === name && (isRefusal ? 'refused' : true)
    },
  }
}

function withId(name: string): SubscribeOptions {
  return { ...repliesTo(name), id: (ack) => (ack as Reply).id! }
}

describe('MessageSubscriptions', () => {
  describe('#add', () => {
    it('sends immediately if the connection is ready', () => {
      const { subscriptions, ready, said } = rig()
      ready()
      subscriptions.add('a', { subscribe: 'a' })
      expect(said()).to.deep.equal([{ subscribe: 'a' }])
    })

    it('only records before that, and then sends each once, in the order of add', () => {
      const { subscriptions, ready, said } = rig()
      for (const key of ['c', 'a', 'b']) subscriptions.add(key, `+${key}`)
      expect(said()).to.deep.equal([])
      ready()
      expect(said()).to.deep.equal(['+c', '+a', '+b'])
      subscriptions.onReady()
      expect(said()).to.deep.equal([])
    })

    it('sends again after each reconnect, only once even if @OnOpen adds it again', () => {
      const { subscriptions, ready, lost, said } = rig()
      for (let connection = 0; connection < 3; connection += 1) {
        subscriptions.add('a', '+a', { unsubscribe: '-a' })
        subscriptions.add('b', '+b', { unsubscribe: '-b' })
        ready()
        expect(said()).to.deep.equal(['+a', '+b'])
        lost()
      }
      ready()
      expect(said()).to.deep.equal(['+a', '+b'])
    })

    it('replaces an existing key: unsubscribes the old one, then sends the new one', () => {
      const { subscriptions, ready, lost, said } = rig()
      ready()
      subscriptions.add('a', '+1', { unsubscribe: '-1' })
      subscriptions.add('a', '+2')
      expect(said()).to.deep.equal(['+1', '-1', '+2'])
      subscriptions.add('a', '+3')
      expect(said()).to.deep.equal(['+3'])
      expect(subscriptions.remembered.size).to.equal(1)
      lost()
      ready()
      expect(said()).to.deep.equal(['+3'])
    })

    it('does not unsubscribe a subscription that was not sent on this connection', () => {
      const { subscriptions, ready, lost, said } = rig()
      subscriptions.add('a', '+1', { unsubscribe: '-1' })
      subscriptions.add('a', '+2', { unsubscribe: '-2' })
      ready()
      lost()
      said()
      subscriptions.add('a', '+3')
      ready()
      expect(said()).to.deep.equal(['+3'])
    })

    it('puts a key that is added again at the end', () => {
      const { subscriptions, ready, said } = rig()
      for (const key of ['a', 'b', 'a']) subscriptions.add(key, `+${key}`)
      expect([...subscriptions.remembered.keys()]).to.deep.equal(['b', 'a'])
      ready()
      expect(said()).to.deep.equal(['+b', '+a'])
    })

    it('rejects an id if ack is not set, and an invalid ackTimeout', () => {
      const { subscriptions } = rig()
      expect(() => subscriptions.add('a', '+a', { id: () => 1 })).to.throw(
        TypeError,
        'id requires ack or request: true',
      )
      for (const ackTimeout of [0, -1, NaN]) {
        expect(() => subscriptions.add('a', '+a', { ackTimeout })).to.throw(
          RangeError,
          'ackTimeout must be greater than 0',
        )
      }
      expect(subscriptions.remembered.size).to.equal(0)
    })

    it('treats an undefined option as missing', async () => {
      const { clock, subscriptions, ready, said, reports } = rig()
      ready()
      subscriptions.add('a', '+a', {
        ack: undefined,
        id: undefined,
        unsubscribe: undefined,
        ackTimeout: undefined,
      })
      subscriptions.add('b', '+b', { ack: () => false, ackTimeout: undefined })
      subscriptions.delete('a')
      expect(said()).to.deep.equal(['+a', '+b'])
      await clock.advance(9_999)
      expect(reports()).to.deep.equal([])
      await clock.advance(1)
      expect(reports()).to.deep.equal(['b timeout'])
    })
  })

  describe('#delete', () => {
    it('sends unsubscribe, and returns whether the key existed', () => {
      const { subscriptions, ready, lost, said } = rig()
      ready()
      subscriptions.add('a', '+a', { unsubscribe: () => '-a' })
      said()
      expect(subscriptions.delete('a')).to.equal(true)
      expect(subscriptions.delete('a')).to.equal(false)
      expect(said()).to.deep.equal(['-a'])
      lost()
      ready()
      expect(said()).to.deep.equal([])
    })

    it('neither sends nor creates unsubscribe for an unsent subscription', () => {
      const { subscriptions, ready, said } = rig()
      let count = 0
      subscriptions.add('a', () => (count += 1), { unsubscribe: '-a' })
      subscriptions.delete('a')
      ready()
      expect(said()).to.deep.equal([])
      expect(count).to.equal(0)
    })

    it('neither sends nor creates unsubscribe while not ready', () => {
      const { connection, subscriptions, ready, said, reports } = rig()
      ready()
      let count = 0
      subscriptions.add('a', '+a', { unsubscribe: () => (count += 1) })
      connection.isReady = false
      expect(subscriptions.delete('a')).to.equal(true)
      expect(said()).to.deep.equal(['+a'])
      expect(reports()).to.deep.equal([])
      expect(count).to.equal(0)
    })

    it('sends nothing if the unsubscribe function ends the ready state', () => {
      const { connection, subscriptions, ready, said, reports } = rig()
      ready()
      const unsubscribe = (): string => {
        connection.isReady = false
        return '-a'
      }
      subscriptions.add('a', '+a', { unsubscribe })
      subscriptions.delete('a')
      expect(said()).to.deep.equal(['+a'])
      expect(reports()).to.deep.equal([])
    })

    it('sends nothing for a subscription that was only sent on an earlier connection', () => {
      const { connection, subscriptions, ready, lost, said } = rig()
      ready()
      subscriptions.add('a', '+a', { unsubscribe: '-a' })
      lost()
      said()
      connection.isReady = true
      subscriptions.delete('a')
      expect(said()).to.deep.equal([])
    })

    it('sends nothing if unsubscribe is not set', () => {
      const { subscriptions, ready, said, reports } = rig()
      ready()
      subscriptions.add('a', '+a')
      subscriptions.delete('a')
      expect(said()).to.deep.equal(['+a'])
      expect(reports()).to.deep.equal([])
    })

    it('sends nothing for a subscription that was rejected or could not be sent', () => {
      const { subscriptions, ready, said } = rig()
      ready()
      subscriptions.add('a', '+a', { ...repliesTo('a'), unsubscribe: '-a' })
      subscriptions.add('b', undefined, { unsubscribe: '-b' })
      subscriptions.intercept({ to: 'a', isRefusal: true })
      subscriptions.delete('a')
      subscriptions.delete('b')
      expect(said()).to.deep.equal(['+a'])
    })

    it('reports an unsubscribe that throws or cannot be encoded, and still removes the key', () => {
      const { subscriptions, ready, errors, reports } = rig()
      ready()
      const cause = new Error('no token')
      const unsubscribe = (): never => {
        throw cause
      }
      subscriptions.add('a', '+a', { unsubscribe })
      subscriptions.add('b', '+b', { unsubscribe: () => undefined })
      expect(subscriptions.delete('a')).to.equal(true)
      expect(errors[0]).to.include({
        message: 'Failed to unsubscribe from "a": no token',
        cause,
      })
      subscriptions.delete('b')
      expect(reports()).to.deep.equal(['a failed', 'b failed'])
      expect([...subscriptions.remembered.keys()]).to.deep.equal([])
    })
  })

  describe('#remembered', () => {
    it('contains all added subscriptions, sent or unsent', () => {
      const { subscriptions, ready, lost } = rig()
      subscriptions.add('a', '+a')
      ready()
      subscriptions.add('b', '+b')
      lost()
      expect(subscriptions.remembered.has('a')).to.equal(true)
      expect(subscriptions.remembered.has('c')).to.equal(false)
      expect([...subscriptions.remembered.keys()]).to.deep.equal(['a', 'b'])
      expect(subscriptions.remembered.size).to.equal(2)
      subscriptions.delete('a')
      expect(subscriptions.remembered.has('a')).to.equal(false)
      expect(subscriptions.remembered.size).to.equal(1)
    })
  })

  describe('a function as the message', () => {
    it('is called each time the message is sent', () => {
      const { subscriptions, ready, lost, said } = rig()
      let token = 0
      const fresh = (): object => ({ token: (token += 1) })
      subscriptions.add('a', fresh)
      subscriptions.add('b', fresh)
      expect(token).to.equal(0)
      ready()
      lost()
      ready()
      expect(said()).to.deep.equal([1, 2, 3, 4].map((each) => ({ token: each })))
    })

    it('that throws is reported, does not affect the others, and is called again after the reconnect', () => {
      const { clock, subscriptions, ready, lost, said, errors, reports, waits } = rig()
      const cause = new Error('no token')
      let isBroken = true
      const first = (): string => {
        if (isBroken) throw cause
        return '+a'
      }
      subscriptions.add('a', first, { ack: () => true })
      subscriptions.add('b', '+b')
      ready()
      expect(said()).to.deep.equal(['+b'])
      expect(errors[0]).to.be.instanceOf(SubscriptionError)
      expect(errors[0]).to.include({
        code: 'HOLDFAST_SUBSCRIPTION',
        key: 'a',
        reason: 'failed',
        message: 'Failed to send subscription "a": no token',
        cause,
      })
      expect(reports()).to.deep.equal(['a failed'])
      expect(waits).to.deep.equal([])
      expect(clock.timers).to.equal(0)
      isBroken = false
      subscriptions.onReady()
      expect(said()).to.deep.equal([])
      lost()
      ready()
      expect(said()).to.deep.equal(['+a', '+b'])
    })

    it('that throws something other than an Error is reported as an Error', () => {
      const { subscriptions, ready, errors } = rig()
      ready()
      subscriptions.add('a', () => {
        throw 'text'
      })
      expect(errors[0]!.cause).to.be.instanceOf(Error)
      expect(errors[0]!.message).to.equal('Failed to send subscription "a": text')
    })

    it('that returns an unencodable value is reported, does not affect the others, and waits for no acknowledgment', () => {
      const { clock, subscriptions, ready, said, errors, reports } = rig()
      subscriptions.add('a', () => undefined, { ack: () => true })
      subscriptions.add('b', '+b')
      ready()
      expect(said()).to.deep.equal(['+b'])
      expect(errors[0]!.cause).to.be.instanceOf(EncodeError)
      expect(reports()).to.deep.equal(['a failed'])
      expect(subscriptions.pendingAcks).to.equal(0)
      expect(clock.timers).to.equal(0)
      expect(subscriptions.intercept({ to: 'a' })).to.equal(false)
    })

    it('that returns a promise is reported, even if the promise rejects', async () => {
      const { clock, subscriptions, ready, said, errors } = rig()
      ready()
      subscriptions.add('a', () => Promise.reject(new Error('unhandled')))
      await clock.settle()
      expect(errors[0]!.message).to.contain('returned a promise')
      expect(said()).to.deep.equal([])
    })

    it('can add and delete, and each message is still sent once, in order', () => {
      const { subscriptions, ready, said } = rig()
      subscriptions.add('a', () => {
        subscriptions.add('d', '+d')
        subscriptions.delete('b')
        return '+a'
      })
      subscriptions.add('b', '+b')
      subscriptions.add('c', '+c')
      ready()
      expect(said()).to.deep.equal(['+a', '+c', '+d'])
    })

    it('can delete its own subscription, which is then not sent', () => {
      const { subscriptions, ready, said } = rig()
      subscriptions.add('a', () => {
        subscriptions.delete('a')
        return '+a'
      })
      ready()
      expect(said()).to.deep.equal([])
    })

    it('can, as unsubscribe, replace its own key: the last subscription added counts', () => {
      const { subscriptions, ready, said } = rig()
      ready()
      const unsubscribe = (): string => {
        subscriptions.add('a', '+3')
        return '-1'
      }
      subscriptions.add('a', '+1', { unsubscribe })
      subscriptions.add('a', '+2')
      expect(said()).to.deep.equal(['+1', '+3', '-1'])
      expect([...subscriptions.remembered.keys()]).to.deep.equal(['a'])
    })
  })

  describe('#ready', () => {
    it('stops if the connection is lost during it, and sends everything on the next one', () => {
      const { connection, subscriptions, ready, lost, said, reports } = rig()
      for (const key of ['a', 'b', 'c']) subscriptions.add(key, `+${key}`, { ack: () => true })
      connection.sending = (message) => {
        if (message === '+b') lost()
      }
      ready()
      expect(said()).to.deep.equal(['+a', '+b'])
      expect(subscriptions.pendingAcks).to.equal(0)
      connection.sending = () => {}
      ready()
      expect(said()).to.deep.equal(['+a', '+b', '+c'])
      expect(reports()).to.deep.equal([])
    })

    it('stops if a message function ends the ready state, and does not send that message', () => {
      const { connection, subscriptions, ready, said, reports } = rig()
      subscriptions.add('a', () => {
        connection.isReady = false
        return '+a'
      })
      subscriptions.add('b', '+b')
      ready()
      expect(said()).to.deep.equal([])
      expect(reports()).to.deep.equal([])
    })
  })

  describe('#take', () => {
    it('consumes the acknowledgment, and no message before or after it', () => {
      const { clock, subscriptions, ready, reports } = rig()
      ready()
      subscriptions.add('a', '+a', repliesTo('a'))
      expect(subscriptions.intercept({ to: 'b' })).to.equal(false)
      expect(subscriptions.intercept({ to: 'a' })).to.equal(true)
      expect(subscriptions.intercept({ to: 'a' })).to.equal(false)
      expect(clock.timers).to.equal(0)
      expect(reports()).to.deep.equal([])
    })

    it('consumes nothing if ack is not set', () => {
      const { subscriptions, ready, waits } = rig()
      ready()
      subscriptions.add('a', '+a')
      expect(subscriptions.intercept({ to: 'a' })).to.equal(false)
      expect(waits).to.deep.equal([])
    })

    it('consumes a message only if ack returns true, not another truthy value', () => {
      const { subscriptions, ready } = rig()
      ready()
      subscriptions.add('a', '+a', { ack: () => 1 as unknown as boolean })
      expect(subscriptions.intercept({})).to.equal(false)
      expect(subscriptions.pendingAcks).to.equal(1)
    })

    it('consumes acknowledgments in any order', () => {
      const { subscriptions, ready, reports } = rig()
      for (const key of ['a', 'b', 'c']) subscriptions.add(key, `+${key}`, repliesTo(key))
      ready()
      for (const to of ['c', 'a', 'b']) expect(subscriptions.intercept({ to })).to.equal(true)
      expect(subscriptions.pendingAcks).to.equal(0)
      expect(reports()).to.deep.equal([])
    })

    it('settles one subscription per acknowledgment: the oldest that matches', () => {
      const { subscriptions, ready } = rig()
      ready()
      const anyReply: SubscribeOptions = { ack: () => true, id: (ack) => (ack as Reply).id! }
      for (const key of ['a', 'b']) subscriptions.add(key, `+${key}`, anyReply)
      expect(subscriptions.intercept({ id: 1 })).to.equal(true)
      expect([subscriptions.keyOf(1), subscriptions.pendingAcks]).to.deep.equal(['a', 1])
      expect(subscriptions.intercept({ id: 2 })).to.equal(true)
      expect([subscriptions.keyOf(2), subscriptions.pendingAcks]).to.deep.equal(['b', 0])
    })

    it('consumes an acknowledgment that arrives during the send', () => {
      const { clock, connection, subscriptions, ready } = rig()
      connection.sending = () => void subscriptions.intercept({ to: 'a', id: 7 })
      ready()
      subscriptions.add('a', '+a', withId('a'))
      expect(subscriptions.keyOf(7)).to.equal('a')
      expect(clock.timers).to.equal(0)
    })

    it('reports a rejection with the message that rejected it, and keeps the subscription', () => {
      const { clock, subscriptions, ready, lost, said, errors, reports } = rig()
      ready()
      subscriptions.add('a', '+a', repliesTo('a'))
      const refusal = { to: 'a', isRefusal: true }
      expect(subscriptions.intercept(refusal)).to.equal(true)
      expect(errors[0]).to.include({
        key: 'a',
        reason: 'refused',
        message: 'Server rejected subscription "a"',
        details: refusal,
      })
      expect(errors[0]).to.not.have.property('cause')
      expect(reports()).to.deep.equal(['a refused'])
      expect(clock.timers).to.equal(0)
      said()
      lost()
      ready()
      expect(said()).to.deep.equal(['+a'])
    })

    it('reports a rejection with the Error that ack returned as its cause', () => {
      const { subscriptions, ready, errors } = rig()
      ready()
      const cause = new Error('no such channel')
      subscriptions.add('a', '+a', { ack: () => cause })
      expect(subscriptions.intercept({})).to.equal(true)
      expect(errors[0]).to.include({
        reason: 'refused',
        message: 'Server rejected subscription "a": no such channel',
        cause,
      })
    })

    it('reports an ack that throws once, and offers the message to the others', () => {
      const { clock, subscriptions, ready, errors, reports } = rig()
      ready()
      const cause = new Error('not an object')
      const ack = (): never => {
        throw cause
      }
      subscriptions.add('a', '+a', { ack })
      subscriptions.add('b', '+b', repliesTo('b'))
      expect(subscriptions.intercept({ to: 'c' })).to.equal(false)
      expect(errors[0]).to.include({
        message: 'The ack function of subscription "a" threw: not an object',
        cause,
      })
      expect(subscriptions.intercept({ to: 'b' })).to.equal(true)
      expect(reports()).to.deep.equal(['a failed'])
      expect(clock.timers).to.equal(0)
    })

    it('consumes the acknowledgment of a removed subscription, so that it settles no other, and reports nothing', async () => {
      const { clock, subscriptions, ready, reports } = rig()
      ready()
      const anyReply: SubscribeOptions = { ack: () => true, id: (ack) => (ack as Reply).id! }
      subscriptions.add('a', '+1', anyReply)
      subscriptions.add('a', '+2', anyReply)
      expect(subscriptions.intercept({ id: 1 })).to.equal(true)
      expect(subscriptions.keyOf(1)).to.equal(undefined)
      expect(subscriptions.intercept({ id: 2 })).to.equal(true)
      expect(subscriptions.keyOf(2)).to.equal('a')
      subscriptions.add('b', '+b', repliesTo('b'))
      subscriptions.delete('b')
      expect(subscriptions.intercept({ to: 'b', isRefusal: true })).to.equal(true)
      subscriptions.add('c', '+c', repliesTo('c'))
      subscriptions.delete('c')
      await clock.advance(10_000)
      expect(subscriptions.pendingAcks).to.equal(0)
      expect(reports()).to.deep.equal([])
    })
  })

  describe('a missing acknowledgment', () => {
    it('is reported after ackTimeout, and the subscription is sent again after the reconnect', async () => {
      const { clock, subscriptions, ready, lost, said, errors, reports, waits } = rig()
      ready()
      subscriptions.add('a', '+a', { ack: () => true, ackTimeout: 500 })
      await clock.advance(499)
      expect(reports()).to.deep.equal([])
      await clock.advance(1)
      expect(errors[0]).to.include({
        key: 'a',
        reason: 'timeout',
        message: 'Subscription "a" was not acknowledged within 500 ms (ackTimeout)',
      })
      expect(reports()).to.deep.equal(['a timeout'])
      expect(waits).to.deep.equal([1, 0])
      expect(subscriptions.intercept({})).to.equal(false)
      expect(said()).to.deep.equal(['+a'])
      lost()
      ready()
      expect(said()).to.deep.equal(['+a'])
      expect(subscriptions.intercept({})).to.equal(true)
    })

    it('does not prevent the subscription from being unsubscribed', async () => {
      const { clock, subscriptions, ready, said } = rig()
      ready()
      subscriptions.add('a', '+a', { ...repliesTo('a'), unsubscribe: '-a' })
      await clock.advance(10_000)
      subscriptions.delete('a')
      expect(said()).to.deep.equal(['+a', '-a'])
    })
  })

  describe('#keyOf', () => {
    it("returns the key for the server's ID, compared by type too", () => {
      const { subscriptions, ready } = rig()
      ready()
      subscriptions.add('a', '+a', withId('a'))
      expect(subscriptions.keyOf(17)).to.equal(undefined)
      subscriptions.intercept({ to: 'a', id: 17 })
      expect(subscriptions.keyOf(17)).to.equal('a')
      expect(subscriptions.keyOf('17')).to.equal(undefined)
      expect(subscriptions.keyOf(undefined)).to.equal(undefined)
    })

    it('keeps the ID for messages from before the loss, and learns the new one after the reconnect', () => {
      const { subscriptions, ready, lost } = rig()
      subscriptions.add('a', '+a', withId('a'))
      ready()
      subscriptions.intercept({ to: 'a', id: '0x1' })
      lost()
      expect(subscriptions.keyOf('0x1')).to.equal('a')
      ready()
      expect(subscriptions.keyOf('0x1')).to.equal(undefined)
      subscriptions.intercept({ to: 'a', id: '0x2' })
      expect(subscriptions.keyOf('0x1')).to.equal(undefined)
      expect(subscriptions.keyOf('0x2')).to.equal('a')
    })

    it('forgets the ID once the subscription is deleted or replaced', () => {
      const { subscriptions, ready } = rig()
      ready()
      for (const key of ['a', 'b']) {
        subscriptions.add(key, `+${key}`, withId(key))
        subscriptions.intercept({ to: key, id: key })
      }
      subscriptions.delete('a')
      subscriptions.add('b', '+b')
      expect(subscriptions.keyOf('a')).to.equal(undefined)
      expect(subscriptions.keyOf('b')).to.equal(undefined)
    })

    it('uses the latest subscription if the server assigns one ID twice, even after the older one is removed', () => {
      const { subscriptions, ready } = rig()
      ready()
      for (const key of ['a', 'b']) {
        subscriptions.add(key, `+${key}`, withId(key))
        subscriptions.intercept({ to: key, id: 1 })
      }
      subscriptions.delete('a')
      expect(subscriptions.keyOf(1)).to.equal('b')
    })
  })

  describe('id', () => {
    it('is reported if it throws or returns no ID, and the acknowledgment is still consumed', async () => {
      const { clock, subscriptions, ready, errors, reports } = rig()
      ready()
      const id = (): never => {
        throw new Error('no result')
      }
      subscriptions.add('a', '+a', { ...repliesTo('a'), id })
      subscriptions.add('b', '+b', { ...repliesTo('b'), id: () => undefined as unknown as string })
      expect(subscriptions.intercept({ to: 'a' })).to.equal(true)
      expect(subscriptions.intercept({ to: 'b' })).to.equal(true)
      expect(errors.map(({ message }) => message)).to.deep.equal([
        'The id function of subscription "a" failed: no result',
        'The id function of subscription "b" failed: expected a string or a number, received undefined',
      ])
      expect(reports()).to.deep.equal(['a failed', 'b failed'])
      await clock.advance(10_000)
      expect(reports()).to.deep.equal([])
      expect(subscriptions.keyOf(undefined)).to.equal(undefined)
    })

    it('is passed to an unsubscribe function', () => {
      const { subscriptions, ready, said } = rig()
      ready()
      subscriptions.add('a', '+a', { ...withId('a'), unsubscribe: (id) => ({ unsubscribe: id }) })
      subscriptions.intercept({ to: 'a', id: '0x1' })
      subscriptions.delete('a')
      expect(said()).to.deep.equal(['+a', { unsubscribe: '0x1' }])
    })

    it('is awaited by an unsubscribe function, whose message is sent once the acknowledgment contains it', () => {
      const { subscriptions, ready, said } = rig()
      ready()
      subscriptions.add('a', '+a', { ...withId('a'), unsubscribe: (id) => ({ unsubscribe: id }) })
      subscriptions.delete('a')
      expect(said()).to.deep.equal(['+a'])
      expect(subscriptions.intercept({ to: 'a', id: 5 })).to.equal(true)
      expect(said()).to.deep.equal([{ unsubscribe: 5 }])
      expect(subscriptions.keyOf(5)).to.equal(undefined)
    })

    it('that never arrives leaves the unsubscribe message unsent', async () => {
      const { clock, subscriptions, ready, said } = rig()
      ready()
      const unsubscribe = (id: string | number): object => ({ unsubscribe: id })
      subscriptions.add('a', '+a', { ...withId('a'), unsubscribe })
      subscriptions.add('b', '+b', { ...withId('b'), unsubscribe })
      subscriptions.delete('a')
      await clock.advance(10_000)
      subscriptions.delete('b')
      expect(said()).to.deep.equal(['+a', '+b'])
    })

    it('is not awaited by an unsubscribe message, which is sent once', () => {
      const { subscriptions, ready, said } = rig()
      ready()
      subscriptions.add('a', '+a', { ...withId('a'), unsubscribe: '-a' })
      subscriptions.delete('a')
      expect(subscriptions.intercept({ to: 'a', id: 1 })).to.equal(true)
      expect(said()).to.deep.equal(['+a', '-a'])
      expect(subscriptions.keyOf(1)).to.equal(undefined)
    })
  })

  describe('an acknowledgment', () => {
    it('of a subscription that was deleted while nothing could be sent is ignored', async () => {
      const { clock, connection, subscriptions, ready, reports } = rig()
      ready()
      for (const key of ['a', 'b', 'c']) subscriptions.add(key, `+${key}`, withId(key))
      connection.isReady = false
      for (const key of ['a', 'b', 'c']) subscriptions.delete(key)
      expect(subscriptions.intercept({ to: 'a', id: 7 })).to.equal(true)
      expect(subscriptions.keyOf(7)).to.equal(undefined)
      expect(subscriptions.intercept({ to: 'b', isRefusal: true })).to.equal(true)
      await clock.advance(10_000)
      expect(reports()).to.deep.equal([])
    })

    it('has a timeout that starts when the message has left', async () => {
      const { clock, connection, subscriptions, ready, read, reports } = rig()
      connection.isReading = false
      ready()
      subscriptions.add('a', '+a', repliesTo('a'))
      await clock.advance(60_000)
      expect(reports()).to.deep.equal([])
      read()
      await clock.advance(9_999)
      expect(reports()).to.deep.equal([])
      await clock.advance(1)
      expect(reports()).to.deep.equal(['a timeout'])
    })

    it('that is late still provides its ID, and one that has no ID is passed to the handlers', async () => {
      const { clock, subscriptions, ready, reports } = rig()
      ready()
      subscriptions.add('a', '+a', withId('a'))
      subscriptions.add('b', '+b', repliesTo('b'))
      await clock.advance(10_000)
      expect(reports()).to.deep.equal(['a timeout', 'b timeout'])
      expect(subscriptions.pendingAcks).to.equal(0)
      expect(subscriptions.intercept({ to: 'a', id: 7 })).to.equal(true)
      expect(subscriptions.keyOf(7)).to.equal('a')
      expect(subscriptions.intercept({ to: 'b' })).to.equal(false)
    })

    it('that is late unsubscribes a subscription that was deleted in the meantime', async () => {
      const { clock, subscriptions, ready, said } = rig()
      ready()
      subscriptions.add('a', '+a', { ...withId('a'), unsubscribe: (id) => `-${id}` })
      subscriptions.delete('a')
      await clock.advance(10_000)
      expect(subscriptions.intercept({ to: 'a', id: 7 })).to.equal(true)
      expect(said()).to.deep.equal(['+a', '-7'])
    })
  })

  describe('request: true', () => {
    it('adds an ID to the message, and treats its reply as the acknowledgment', async () => {
      const { clock, subscriptions, ready, said, reports } = rig()
      subscriptions.add('a', () => ({ op: '+a' }), {
        request: true,
        id: (reply) => (reply as { to: number }).to,
      })
      ready()
      expect(said()).to.deep.equal([{ op: '+a', id: 1 }])
      expect(subscriptions.intercept({ to: 2 })).to.equal(false)
      expect(subscriptions.intercept({ to: 1 })).to.equal(true)
      expect(subscriptions.keyOf(1)).to.equal('a')
      await clock.advance(20_000)
      expect(reports()).to.deep.equal([])
    })

    it('treats an error reply as the rejection', () => {
      const { errors, subscriptions, ready } = rig()
      ready()
      subscriptions.add('a', { op: '+a' }, { request: true })
      expect(subscriptions.intercept({ to: 1, error: 'no such event' })).to.equal(true)
      expect(errors[0]).to.include({
        reason: 'refused',
        message: 'Server rejected subscription "a": no such event',
      })
    })

    it('also adds an ID to unsubscribe, and consumes its reply without effect', async () => {
      const { clock, subscriptions, ready, said, reports } = rig()
      ready()
      const options = { request: true, unsubscribe: (id: unknown) => ({ op: '-a', of: id }) }
      subscriptions.add('a', { op: '+a' }, { ...options, id: () => 'x' })
      subscriptions.intercept({ to: 1 })
      for (const error of [undefined, 'it was gone']) {
        subscriptions.delete('a')
        const id = (said().at(-1) as { id: number }).id
        expect(subscriptions.intercept({ to: id, error })).to.equal(true)
        subscriptions.add('a', { op: '+a' }, { ...options, id: () => 'x' })
        subscriptions.intercept({ to: id + 1 })
      }
      subscriptions.delete('a')
      expect(said().at(-1)).to.deep.equal({ op: '-a', of: 'x', id: 6 })
      await clock.advance(20_000)
      expect(reports()).to.deep.equal([])
      expect(clock.timers).to.equal(0)
    })

    it('is reported if the message cannot have an ID, and rejected together with ack', () => {
      const { subscriptions, ready, reports } = rig()
      ready()
      subscriptions.add('a', 'text', { request: true })
      expect(reports()).to.deep.equal(['a failed'])
      expect(() => subscriptions.add('a', {}, { request: true, ack: () => true })).to.throw(
        TypeError,
        'Remove one of them',
      )
    })
  })

  describe('#onReady of a link for which everything is kept', () => {
    it('sends nothing again, and keeps the IDs of the previous link', () => {
      const { subscriptions, ready, lost, said } = rig()
      ready()
      subscriptions.add('a', '+a', withId('a'))
      subscriptions.intercept({ to: 'a', id: 7 })
      lost()
      subscriptions.add('a', '+a', withId('a'))
      said()
      ready(true)
      expect(said()).to.deep.equal([])
      expect(subscriptions.keyOf(7)).to.equal('a')
    })

    it('sends new subscriptions, and unsubscribes those deleted in the meantime', () => {
      const { subscriptions, ready, lost, said } = rig()
      ready()
      for (const key of ['a', 'b']) subscriptions.add(key, `+${key}`, { unsubscribe: `-${key}` })
      lost()
      subscriptions.delete('a')
      subscriptions.add('c', '+c')
      said()
      ready(true)
      expect(said()).to.deep.equal(['-a', '+c'])
    })

    it('sends the subscriptions that the server had rejected', () => {
      const { subscriptions, ready, lost, said } = rig()
      ready()
      subscriptions.add('a', '+a', repliesTo('a'))
      subscriptions.intercept({ to: 'a', isRefusal: true })
      lost()
      said()
      ready(true)
      expect(said()).to.deep.equal(['+a'])
    })
  })

  describe('#lost', () => {
    it('cancels all pending acknowledgments, reports nothing, and leaves no timer', async () => {
      const { clock, subscriptions, ready, lost, reports, waits } = rig()
      for (const key of ['a', 'b']) subscriptions.add(key, `+${key}`, repliesTo(key))
      ready()
      subscriptions.delete('a')
      lost()
      expect(clock.timers).to.equal(0)
      expect(subscriptions.intercept({ to: 'a' })).to.equal(false)
      expect(subscriptions.intercept({ to: 'b' })).to.equal(false)
      await clock.advance(20_000)
      expect(reports()).to.deep.equal([])
      expect(waits).to.deep.equal([1, 2, 0])
    })

    it('reports no change if no acknowledgment was pending', () => {
      const { subscriptions, ready, lost, waits } = rig()
      subscriptions.add('a', '+a')
      ready()
      lost()
      expect(waits).to.deep.equal([])
    })
  })

  describe('#onClosed', () => {
    it('removes everything, and leaves no timer', () => {
      const { clock, connection, subscriptions, ready, said, reports } = rig()
      ready()
      subscriptions.add('a', '+a', { ...withId('a'), unsubscribe: '-a' })
      subscriptions.add('b', '+b', repliesTo('b'))
      subscriptions.intercept({ to: 'a', id: 1 })
      said()
      connection.isReady = false
      subscriptions.onClosed()
      expect(clock.timers).to.equal(0)
      expect(subscriptions.pendingAcks).to.equal(0)
      expect(subscriptions.keyOf(1)).to.equal(undefined)
      expect([...subscriptions.remembered.keys()]).to.deep.equal([])
      expect(said()).to.deep.equal([])
      expect(reports()).to.deep.equal([])
    })
  })

  describe('onPendingAcksChange', () => {
    it('is called whenever the number of pending acknowledgments changes, and is optional', () => {
      const { subscriptions, ready, waits } = rig()
      ready()
      subscriptions.add('a', '+a', repliesTo('a'))
      subscriptions.add('b', '+b', repliesTo('b'))
      subscriptions.intercept({ to: 'c' })
      subscriptions.intercept({ to: 'a' })
      subscriptions.intercept({ to: 'b', isRefusal: true })
      expect(waits).to.deep.equal([1, 2, 1, 0])
      const clock = new FakeClock()
      const quiet = new MessageSubscriptions(
        {
          send: (_message, left) => left(),
          isReady: () => true,
          report: () => {},
          asRequest: (message) => ({ message, isReply: () => false }),
        },
        clock,
      )
      quiet.add('a', '+a', repliesTo('a'))
      expect(quiet.intercept({ to: 'a' })).to.equal(true)
      quiet.add('a', '+a', repliesTo('a'))
      quiet.onLost()
      expect(clock.timers).to.equal(0)
    })
  })

  it('sends each key once per connection, in the order of add, regardless of the interleaving', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd')
    const step = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), key, acks: fc.boolean() }),
      fc.record({ kind: fc.constant('delete' as const), key }),
      fc.record({ kind: fc.constant('ready' as const), isKept: fc.boolean() }),
      fc.record({ kind: fc.constant('lost' as const) }),
      fc.record({ kind: fc.constant('reply' as const), to: fc.nat(), isRefusal: fc.boolean() }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100, size: 'max' }), (steps) => {
        const { clock, subscriptions, ready, lost, said, reports } = rig()
        const model = new Model()
        steps.forEach((each, number) => {
          const name = String(number)
          const id = number
          switch (each.kind) {
            case 'add':
              subscriptions.add(each.key, `+${name}`, {
                ...(each.acks && withId(name)),
                unsubscribe: `-${name}`,
              })
              model.add(each.key, name, each.acks)
              break
            case 'delete':
              expect(subscriptions.delete(each.key)).to.equal(model.delete(each.key))
              break
            case 'ready':
              ready(each.isKept)
              model.ready(each.isKept)
              break
            case 'lost':
              lost()
              model.lost()
              break
            case 'reply': {
              // Mostly for subscriptions that are pending, and sometimes for others.
              const awaited = [...model.awaited, 'nobody']
              const to = awaited[each.to % awaited.length]!
              const { isRefusal } = each
              expect(subscriptions.intercept({ to, id, isRefusal })).to.equal(model.reply(to, id, isRefusal))
            }
          }
          expect(said()).to.deep.equal(model.sent.splice(0))
          expect(reports()).to.deep.equal(model.reports.splice(0))
          expect([...subscriptions.remembered.keys()]).to.deep.equal([...model.names.keys()])
          expect(subscriptions.pendingAcks).to.equal(model.awaited.size)
          expect(clock.timers).to.equal(model.awaited.size)
          for (let any = 0; model.isReady && any <= number; any += 1) {
            expect(subscriptions.keyOf(any)).to.equal(model.keyOf(any))
          }
        })
      }),
    )
  })
})

/** The messages that must be sent, the IDs, and the reports. Each subscription has a unique name. */
class Model {
  readonly names = new Map<string, string>()
  readonly awaited = new Set<string>()
  readonly sent: string[] = []
  readonly reports: string[] = []
  readonly #acked = new Set<string>()
  readonly #keys = new Map<string, string>()
  /** The subscriptions that the server has on this link or the last one, by name, with their IDs. */
  readonly #open = new Map<string, number | undefined>()
  isReady = false

  add(key: string, name: string, acks: boolean): void {
    this.delete(key)
    this.names.set(key, name)
    this.#keys.set(name, key)
    if (acks) this.#acked.add(name)
    if (this.isReady) this.#say(name)
  }

  delete(key: string): boolean {
    const name = this.names.get(key)
    if (name === undefined) return false
    this.names.delete(key)
    if (this.isReady && this.#open.delete(name)) this.sent.push(`-${name}`)
    return true
  }

  ready(isKept: boolean): void {
    if (this.isReady) return
    this.isReady = true
    if (!isKept) this.#open.clear()
    for (const [name, id] of [...this.#open]) {
      const current = this.names.get(this.#keys.get(name)!)
      if (current === name) continue
      this.#open.delete(name)
      if (current === undefined) this.sent.push(`-${name}`)
      else this.#open.set(current, id)
    }
    for (const name of this.names.values()) if (!this.#open.has(name)) this.#say(name)
  }

  lost(): void {
    this.isReady = false
    this.awaited.clear()
  }

  reply(name: string, id: number, isRefusal: boolean): boolean {
    if (!this.awaited.delete(name)) return false
    const key = this.#keys.get(name)!
    if (this.names.get(key) !== name) return true
    if (isRefusal) {
      this.#open.delete(name)
      this.reports.push(`${key} refused`)
    } else {
      this.#open.set(name, id)
    }
    return true
  }

  keyOf(id: number): string | undefined {
    const name = [...this.#open].find(([, each]) => each === id)?.[0]
    return name === undefined ? undefined : this.#keys.get(name)
  }

  #say(name: string): void {
    this.sent.push(`+${name}`)
    this.#open.set(name, undefined)
    if (this.#acked.has(name)) this.awaited.add(name)
  }
}
