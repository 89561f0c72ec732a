import { expect } from 'chai'
import fc from 'fast-check'
import { BackpressureError, ConnectionClosedError, ConnectionLostError, EncodeError } from 'holdfast'
import { FakeClock } from 'holdfast/testing'
import { ReplyError, RequestTimeoutError, UnreadRepliesError } from '#src/errors/request-errors.js'
import { PendingRequests } from '#src/requests/pending-requests.js'
import type { RequestsOptions } from '#src/requests/request-options.js'
import { fillInRequests } from '#src/requests/request-options.js'
import { rejection } from '../support/rejection.js'
import { countListeners } from '../support/count-listeners.js'

interface Sent {
  readonly id: number
  readonly op?: unknown
}

const LOST = new ConnectionLostError('It was lost', 1006, '')
const CLOSED = new ConnectionClosedError('It is closed')

/** Requests on a clock of their own, ready unless told otherwise. */
function rig(options: RequestsOptions = {}, isReady = true) {
  const clock = new FakeClock()
  const sent: Sent[] = []
  const sizes: number[] = []
  const failures: unknown[] = []
  const port = {
    canSend: isReady,
    send: (message: unknown): void => {
      if ((message as { op?: unknown }).op === 'unencodable') throw new EncodeError('It has no text')
      sent.push(message as Sent)
    },
  }
  const requests: PendingRequests = new PendingRequests(fillInRequests(options), clock, {
    send: (message) => port.send(message),
    canSend: () => port.canSend,
    onChange: () => sizes.push(requests.size),
    onError: (thrown) => failures.push(thrown),
  })
  if (isReady) requests.onReady()
  return {
    clock,
    sent,
    sizes,
    failures,
    port,
    requests,
    ops: () => sent.map(({ op }) => op),
    ids: () => sent.map(({ id }) => id),
    lose: () => {
      port.canSend = false
      requests.onLost(LOST)
    },
    reopen: () => {
      port.canSend = true
      requests.onReady()
    },
  }
}

/** Tells how a promise stands, without waiting for it. */
async function standing(promise: Promise<unknown>): Promise<unknown> {
  return Promise.race([promise, Promise.resolve('pending')]).catch((error: unknown) => error)
}

describe('PendingRequests', () => {
  describe('#take', () => {
    it('gives each reply to its request, in whatever order they come', async () => {
      const { requests } = rig()
      const asked = ['a', 'b', 'c'].map((op) => requests.request({ op }))
      for (const id of [3, 1, 2]) expect(requests.take({ id, of: id })).to.equal(true)
      expect(await Promise.all(asked)).to.deep.equal([1, 2, 3].map((id) => ({ id, of: id })))
      expect(requests.size).to.equal(0)
    })

    it('leaves duplicate, late and foreign replies to the handlers, counted', async () => {
      const { clock, requests } = rig()
      const asked = requests.request({})
      const late = requests.request({}, { timeout: 5 })
      requests.take({ id: 1 })
      await clock.advance(5)
      for (const id of [1, 2, 77]) expect(requests.take({ id })).to.equal(false)
      expect(requests.unmatched).to.equal(3)
      expect(await asked).to.deep.equal({ id: 1 })
      expect(await rejection(late)).to.be.instanceOf(RequestTimeoutError)
    })

    for (const message of [{ type: 'tick' }, { id: null }, { id: undefined }, null, 'text', 5, [1]]) {
      it(`leaves what has no id to the handlers, uncounted: ${JSON.stringify(message)}`, () => {
        const { requests } = rig()
        void requests.request({})
        expect(requests.take(message)).to.equal(false)
        expect(requests.unmatched).to.equal(0)
        expect(requests.size).to.equal(1)
      })
    }

    it('compares ids strictly, and loosely on demand', async () => {
      const strict = rig()
      void strict.requests.request({})
      expect(strict.requests.take({ id: '1' })).to.equal(false)
      expect(strict.requests.unmatched).to.equal(1)
      const loose = rig({ idKey: String })
      const asked = loose.requests.request({})
      expect(loose.requests.take({ id: '1' })).to.equal(true)
      expect(await asked).to.deep.equal({ id: '1' })
    })

    it('rejects with ReplyError where the reply has an error, as the peer gave it', async () => {
      const { requests } = rig({ error: (reply) => (reply as { error?: unknown }).error })
      const asked = requests.request({})
      const details = { code: 7, message: 'no such thing', more: [1] }
      expect(requests.take({ id: 1, error: details })).to.equal(true)
      const error = (await rejection(asked)) as ReplyError
      expect(error).to.be.instanceOf(ReplyError).and.include({ id: 1, details, code: 'HOLDFAST_REPLY' })
      expect(error.message).to.equal('Request 1 was answered with an error: 7 no such thing')
    })

    it('counts an error without an id, and leaves it to the handlers', () => {
      const { requests } = rig({ error: (reply) => (reply as { error?: unknown }).error })
      void requests.request({})
      expect(requests.take({ id: null, error: 'parse error' })).to.equal(false)
      expect(requests.unmatched).to.equal(1)
      expect(requests.size).to.equal(1)
    })

    it('rejects with what result or error throws; the reply is taken', async () => {
      const thrown = new Error('odd reply')
      const broken = (): never => {
        throw thrown
      }
      for (const options of [{ result: broken }, { error: broken }]) {
        const { clock, requests } = rig(options)
        const asked = requests.request({})
        expect(requests.take({ id: 1 })).to.equal(true)
        expect(await rejection(asked)).to.equal(thrown)
        expect(clock.timers).to.equal(0)
      }
    })

    it('tells of a replyId, idKey or error that throws at a message of nobody, and settles nothing', () => {
      const thrown = new Error('odd message')
      const broken = (): never => {
        throw thrown
      }
      const isOdd = (message: unknown): boolean => (message as { id?: unknown }).id === 'odd'
      const { failures, requests } = rig({ replyId: (message) => isOdd(message) && broken() })
      void requests.request({})
      expect(requests.take({ id: 'odd' })).to.equal(false)
      expect(failures).to.deep.equal([thrown])
      expect(requests.size).to.equal(1)
      const other = rig({ error: broken })
      expect(other.requests.take({ type: 'tick' })).to.equal(false)
      expect(other.failures).to.deep.equal([thrown])
    })

    it('takes a reply that comes while the request is being sent', async () => {
      const { port, requests } = rig({ limit: 1 })
      const sent: unknown[] = []
      port.send = (message) => {
        sent.push(message)
        requests.take({ id: (message as Sent).id })
      }
      const asked = Array.from({ length: 20_000 }, () => requests.request({}))
      expect(requests.size).to.equal(0)
      expect(await Promise.all(asked)).to.have.length(20_000)
      expect(sent).to.have.length(20_000)
    })
  })

  describe('#request', () => {
    it('never gives an id twice on one connection, and counts anew on the next', async () => {
      const { ids, lose, reopen, requests } = rig()
      void requests.request({})
      requests.take({ id: 1 })
      void requests.request({}, { timeout: 1 })
      void requests.request({})
      lose()
      reopen()
      void requests.request({})
      expect(ids()).to.deep.equal([1, 2, 3, 1])
    })

    it('keeps an id that the message has, and gives it to nobody else, also when it is settled', async () => {
      const { ids, requests } = rig()
      const own = requests.request({ id: 2 })
      requests.take({ id: 2 })
      expect(await own).to.deep.equal({ id: 2 })
      void requests.request({})
      void requests.request({})
      expect(ids()).to.deep.equal([2, 1, 3])
    })

    it('throws a TypeError at the call for an id that is pending, sent or not', () => {
      const { lose, requests, sent } = rig({ idKey: String })
      void requests.request({})
      expect(() => requests.request({ id: '1' })).to.throw(TypeError, 'id 1 is pending')
      lose()
      void requests.request({ id: 'mine' })
      expect(() => requests.request({ id: 'mine' })).to.throw(TypeError, 'id mine is pending')
      expect(requests.size).to.equal(1)
      expect(sent).to.have.length(1)
    })

    it('takes an id that was brought along before once that is settled', async () => {
      const { requests } = rig()
      for (const answer of ['first', 'second']) {
        const asked = requests.request({ id: 'ping' })
        requests.take({ id: 'ping', answer })
        expect(await asked).to.have.property('answer', answer)
      }
    })

    it('makes an id that none of the last thousand that were brought along has', () => {
      const { ids, requests } = rig()
      for (let id = 1; id <= 1_000; id += 1) {
        void requests.request({ id })
        requests.take({ id })
      }
      void requests.request({})
      expect(ids().at(-1)).to.equal(1_001)
    })

    it('remembers no more than a thousand of them, and none on the next connection', () => {
      const { ids, lose, reopen, requests } = rig()
      const spend = (most: number): void => {
        for (let id = 1; id <= most; id += 1) {
          void requests.request({ id })
          requests.take({ id })
        }
      }
      spend(1_001)
      void requests.request({})
      expect(ids().at(-1)).to.equal(1)
      requests.take({ id: 1 })
      spend(10)
      lose()
      reopen()
      void requests.request({})
      expect(ids().at(-1)).to.equal(1)
    })

    it('rejects where nextId gives nothing new', async () => {
      const { clock, requests } = rig({ nextId: () => 'same' })
      void requests.request({})
      expect(await rejection(requests.request({}))).to.be.instanceOf(TypeError)
      expect(requests.size).to.equal(1)
      requests.take({ id: 'same' })
      expect(clock.timers).to.equal(0)
    })

    it('rejects what cannot be encoded, and goes on with the next', async () => {
      const { clock, ops, reopen, requests } = rig({}, false)
      const broken = Array.from({ length: 20_000 }, () => requests.request({ op: 'unencodable' }))
      void requests.request({ op: 'fine' }, { timeout: false })
      reopen()
      expect(ops()).to.deep.equal(['fine'])
      for (const each of broken) expect(await rejection(each)).to.be.instanceOf(EncodeError)
      expect(clock.timers).to.equal(0)
    })

    it('may be left alone: its rejection is not unhandled (B34)', async () => {
      const { clock, requests } = rig()
      void requests.request({}, { timeout: 1 })
      await clock.advance(1)
      expect(requests.size).to.equal(0)
    })

    it('tells whenever the number pending changes', () => {
      const { requests, sizes } = rig()
      void requests.request({})
      void requests.request({})
      requests.take({ id: 2 })
      requests.take({ id: 2 })
      requests.onClosed(CLOSED)
      expect(sizes).to.deep.equal([1, 2, 1, 0])
    })

    it('waits while nothing can be sent, and goes out in order', () => {
      const { ops, reopen, requests, sent } = rig({}, false)
      for (const op of ['a', 'b', 'c']) void requests.request({ op })
      expect(sent).to.deep.equal([])
      reopen()
      expect(ops()).to.deep.equal(['a', 'b', 'c'])
    })

    it('settles 10,000 that are asked at once', async () => {
      const { clock, requests, sent } = rig()
      const asked = Array.from({ length: 10_000 }, (_, op) => requests.request({ op }))
      for (let index = 0; index < sent.length; index += 1) requests.take(sent[index])
      expect((await Promise.all(asked)).map((reply) => (reply as Sent).op)).to.deep.equal([
        ...Array.from({ length: 10_000 }).keys(),
      ])
      expect(clock.timers).to.equal(0)
    })
  })

  describe('timeout', () => {
    it('is 30 s, and ends the request at once', async () => {
      const { clock, requests } = rig()
      const asked = requests.request({})
      await clock.advance(29_999)
      expect(requests.size).to.equal(1)
      await clock.advance(1)
      expect(requests.size).to.equal(0)
      const error = (await rejection(asked)) as RequestTimeoutError
      expect(error)
        .to.be.instanceOf(RequestTimeoutError)
        .and.include({ timeout: 30_000, id: 1, wasSent: true })
      expect(error.message).to.equal('Request 1 has had no reply within 30000 ms')
    })

    it('is what the client says, or the call; false is none', async () => {
      const { clock, requests } = rig({ timeout: 7 })
      const usual = requests.request({})
      const short = requests.request({}, { timeout: 3 })
      void requests.request({}, { timeout: false })
      expect(clock.timers).to.equal(2)
      await clock.advance(7)
      expect(await rejection(usual)).to.have.property('timeout', 7)
      expect(await rejection(short)).to.have.property('timeout', 3)
      expect(requests.size).to.equal(1)
    })

    it('runs while nothing can be sent, and the peer then never sees the request', async () => {
      const { clock, reopen, requests, sent } = rig({}, false)
      const asked = requests.request({}, { timeout: 5 })
      await clock.advance(5)
      const error = (await rejection(asked)) as RequestTimeoutError
      expect(error).to.include({ id: undefined, wasSent: false })
      expect(error.message).to.contain('has not been sent').and.to.contain('within 5 ms')
      reopen()
      expect(sent).to.deep.equal([])
    })

    it('runs on through a reconnect, and gives the turn to the next', async () => {
      const { clock, lose, ops, reopen, requests } = rig({ limit: 1 })
      const asked = requests.request({ op: 'a' }, { timeout: 10, resend: true })
      await clock.advance(6)
      lose()
      reopen()
      void requests.request({ op: 'b' })
      await clock.advance(4)
      expect(await rejection(asked)).to.include({ timeout: 10, wasSent: true })
      expect(ops()).to.deep.equal(['a', 'a', 'b'])
    })
  })

  describe('signal', () => {
    it('rejects at once, asking nobody, when it has aborted before', async () => {
      const { clock, requests, sent, sizes } = rig()
      const asked = requests.request({}, { signal: AbortSignal.abort(new Error('before')) })
      expect(await rejection(asked)).to.have.property('message', 'before')
      expect(sent).to.deep.equal([])
      expect(sizes).to.deep.equal([])
      expect(clock.timers).to.equal(0)
    })

    const moments: Record<string, (it: ReturnType<typeof rig>) => void> = {
      'while it waits for a connection': ({ lose }) => lose(),
      'while it waits for its turn': ({ requests }) => void requests.request({ op: 'first' }),
      'while it is under way': () => {},
    }
    for (const [moment, prepare] of Object.entries(moments)) {
      it(`ends the request ${moment}`, async () => {
        const it = rig({ limit: 1, timeout: false })
        prepare(it)
        const before = it.requests.size
        const controller = new AbortController()
        const listeners = countListeners(controller.signal)
        const asked = it.requests.request({ op: 'aborted' }, { signal: controller.signal, timeout: 50 })
        expect(listeners()).to.equal(1)
        const sent = it.ops().filter((op) => op === 'aborted').length
        const reason = new Error('no longer wanted')
        controller.abort(reason)
        expect(it.requests.size).to.equal(before)
        expect(listeners()).to.equal(0)
        expect(it.clock.timers).to.equal(0)
        expect(await rejection(asked)).to.equal(reason)
        it.lose()
        it.reopen()
        expect(it.ops().filter((op) => op === 'aborted')).to.have.length(sent)
      })
    }

    it('changes nothing once the request is settled, and is not listened to', async () => {
      const { requests } = rig()
      const controller = new AbortController()
      const listeners = countListeners(controller.signal)
      const asked = requests.request({}, { signal: controller.signal })
      requests.take({ id: 1 })
      expect(listeners()).to.equal(0)
      controller.abort()
      expect(await asked).to.deep.equal({ id: 1 })
    })

    it('wraps a reason that is no Error', async () => {
      const { requests } = rig()
      const controller = new AbortController()
      const asked = requests.request({}, { signal: controller.signal })
      controller.abort('just text')
      expect(await rejection(asked))
        .to.be.instanceOf(Error)
        .with.property('cause', 'just text')
    })
  })

  describe('match', () => {
    const isAck = (message: unknown): boolean => (message as { type?: string }).type === 'ack'

    it('finds the reply of an API without ids: the next message that matches; nothing is written', async () => {
      const { requests, sent } = rig({ id: false })
      const asked = requests.request({ op: 'subscribe' }, { match: isAck })
      expect(sent).to.deep.equal([{ op: 'subscribe' }])
      expect(requests.take({ type: 'tick', id: 1 })).to.equal(false)
      expect(requests.take({ type: 'ack', id: 2 })).to.equal(true)
      expect(requests.take({ type: 'ack' })).to.equal(false)
      expect(await asked).to.deep.equal({ type: 'ack', id: 2 })
      expect(requests.unmatched).to.equal(0)
    })

    it('gives one message to one request: the one that has waited longest', async () => {
      const { requests } = rig({ id: false })
      const [first, second] = [1, 2].map(() => requests.request({}, { match: isAck }))
      requests.take({ type: 'ack', n: 1 })
      expect(await first).to.have.property('n', 1)
      expect(requests.size).to.equal(1)
      requests.take({ type: 'ack', n: 2 })
      expect(await second).to.have.property('n', 2)
    })

    it('is not asked before the request has been sent', () => {
      const { requests } = rig({ id: false, limit: 1 })
      void requests.request({ op: 'a' }, { match: () => false })
      void requests.request({ op: 'b' }, { match: () => true })
      expect(requests.take({})).to.equal(false)
    })

    it('is demanded where the API has no ids', () => {
      const { requests } = rig({ id: false })
      expect(() => requests.request({})).to.throw(TypeError, 'match')
      expect(requests.size).to.equal(0)
    })

    it('with ids, waits for the message with its id that matches, and for one without an id', async () => {
      const { requests } = rig()
      const staged = requests.request({}, { match: isAck })
      expect(requests.take({ id: 1, type: 'received' })).to.equal(false)
      expect(requests.take({ id: 9, type: 'ack' })).to.equal(false)
      expect(requests.unmatched).to.equal(1)
      expect(requests.take({ id: 1, type: 'ack' })).to.equal(true)
      const bare = requests.request({}, { match: isAck })
      expect(requests.take({ type: 'ack' })).to.equal(true)
      expect(await Promise.all([staged, bare])).to.deep.equal([{ id: 1, type: 'ack' }, { type: 'ack' }])
    })

    it('is told the id of its request', async () => {
      const { requests } = rig({ replyId: () => undefined })
      void requests.request({}, { match: (message, id) => (message as { of?: unknown }).of === id })
      expect(requests.take({ of: 2 })).to.equal(false)
      expect(requests.take({ of: 1 })).to.equal(true)
    })

    it('does not keep an error with its id from it', async () => {
      const { requests } = rig({ error: (reply) => (reply as { error?: unknown }).error })
      const asked = requests.request({}, { match: isAck })
      expect(requests.take({ id: 1, error: 'no' })).to.equal(true)
      expect(await rejection(asked)).to.have.property('message', 'Request 1 was answered with an error: no')
    })

    it('may take an error message without an id for its own', async () => {
      const { requests } = rig({ id: false, error: (reply) => (reply as { error?: unknown }).error })
      const asked = requests.request({}, { match: () => true })
      expect(requests.take({ error: { message: 'no' } })).to.equal(true)
      const error = await rejection(asked)
      expect(error).to.be.instanceOf(ReplyError).with.property('id', undefined)
      expect(error).to.have.property('message', 'The request was answered with an error: no')
    })

    it('ends its own request when it throws; the message goes on, though not to a request sent thereby', async () => {
      const { ops, requests } = rig({ id: false, limit: 1 })
      const thrown = new Error('oops')
      const broken = requests.request(
        {},
        {
          match: () => {
            throw thrown
          },
        },
      )
      void requests.request({ op: 'next' }, { match: () => true })
      expect(requests.take({})).to.equal(false)
      expect(await rejection(broken)).to.equal(thrown)
      expect(ops()).to.deep.equal([undefined, 'next'])
      expect(requests.size).to.equal(1)
    })

    it('is not asked for a request that a matcher before it has ended', async () => {
      const { requests } = rig({ id: false })
      const controller = new AbortController()
      void requests.request(
        {},
        {
          match: () => {
            controller.abort(new Error('no longer wanted'))
            return false
          },
        },
      )
      const aborted = requests.request({}, { match: () => true, signal: controller.signal })
      expect(requests.take({})).to.equal(false)
      expect(await rejection(aborted)).to.have.property('message', 'no longer wanted')
    })
  })

  describe('limit', () => {
    it('of 1 has one under way; the rest wait their turn in order, however each ends', async () => {
      const { clock, ops, requests } = rig({
        limit: 1,
        error: (reply) => (reply as { error?: unknown }).error,
      })
      const controller = new AbortController()
      void requests.request({ op: 'answered' })
      void requests.request({ op: 'refused' })
      void requests.request({ op: 'late' }, { timeout: 5 })
      void requests.request({ op: 'aborted' }, { signal: controller.signal })
      void requests.request({ op: 'unencodable' })
      void requests.request({ op: 'last' })
      expect(ops()).to.deep.equal(['answered'])
      requests.take({ id: 1 })
      expect(ops()).to.deep.equal(['answered', 'refused'])
      requests.take({ id: 2, error: 'no' })
      expect(ops()).to.deep.equal(['answered', 'refused', 'late'])
      await clock.advance(5)
      expect(ops()).to.deep.equal(['answered', 'refused', 'late', 'aborted'])
      controller.abort()
      expect(ops()).to.deep.equal(['answered', 'refused', 'late', 'aborted', 'last'])
      expect(requests.size).to.equal(1)
    })

    it('lets nobody past those who wait', () => {
      const { ops, requests } = rig({ limit: 1 })
      for (const op of ['a', 'b', 'c']) void requests.request({ op })
      requests.take({ id: 1 })
      void requests.request({ op: 'd' })
      requests.take({ id: 2 })
      requests.take({ id: 3 })
      expect(ops()).to.deep.equal(['a', 'b', 'c', 'd'])
    })

    it('is 1,000 by default', () => {
      const { requests, sent } = rig()
      for (let count = 0; count < 1_001; count += 1) void requests.request({})
      expect(sent).to.have.length(1_000)
      requests.take({ id: 500 })
      expect(sent).to.have.length(1_001)
    })

    it('works through 10,000 that wait their turn one after another', function () {
      this.timeout(10_000)
      const { requests, sent } = rig({ limit: 1, timeout: false })
      for (let count = 0; count < 10_000; count += 1) void requests.request({})
      for (let id = 1; id <= 10_000; id += 1) requests.take({ id })
      expect(sent).to.have.length(10_000)
      expect(requests.size).to.equal(0)
    })
  })

  describe('inside @OnOpen, before #ready', () => {
    it('sends what may go at once, past what waits for ready', () => {
      const { ops, port, requests } = rig({}, false)
      void requests.request({ op: 'waits' })
      port.canSend = true
      void requests.request({ op: 'login' })
      expect(ops()).to.deep.equal(['login'])
      requests.take({ id: 1 })
      expect(ops()).to.deep.equal(['login'])
      requests.onReady()
      expect(ops()).to.deep.equal(['login', 'waits'])
    })

    it('goes on with the second at a limit of 1, whoever settles the first (no deadlock)', async () => {
      const { ops, port, requests } = rig({ limit: 1 }, false)
      void requests.request({ op: 'waits' })
      port.canSend = true
      const login = [requests.request({ op: 'hello' }), requests.request({ op: 'login' })]
      port.canSend = false
      requests.take({ id: 1 })
      expect(ops()).to.deep.equal(['hello', 'login'])
      requests.take({ id: 2 })
      expect(await Promise.all(login)).to.have.length(2)
      expect(ops()).to.deep.equal(['hello', 'login'])
    })
  })

  describe('#lost', () => {
    it('rejects what is under way, in the same turn, at most once sent (B13)', async () => {
      const { clock, lose, reopen, requests, sent } = rig()
      const asked = [requests.request({}), requests.request({})]
      lose()
      expect(requests.size).to.equal(0)
      expect(clock.timers).to.equal(0)
      expect(await Promise.all(asked.map(standing))).to.deep.equal([LOST, LOST])
      reopen()
      expect(sent).to.have.length(2)
    })

    it('asks again, with resend, before what waited, with ids of the new connection', async () => {
      const { ids, lose, ops, reopen, requests } = rig({ limit: 3 })
      const again = requests.request({ op: 'again' }, { resend: true })
      void requests.request({ op: 'once' })
      const own = requests.request({ op: 'own', id: 'mine' }, { resend: true })
      void requests.request({ op: 'turn' })
      lose()
      void requests.request({ op: 'offline' })
      expect(requests.size).to.equal(4)
      reopen()
      expect(ops()).to.deep.equal(['again', 'once', 'own', 'again', 'own', 'turn'])
      expect(ids().slice(3)).to.deep.equal([1, 'mine', 2])
      expect(requests.take({ id: 1, second: true })).to.equal(true)
      expect(ops().at(-1)).to.equal('offline')
      requests.take({ id: 'mine', second: true })
      expect(await Promise.all([again, own])).to.deep.equal([
        { id: 1, second: true },
        { id: 'mine', second: true },
      ])
    })

    it('keeps the order of what is asked again over several losses', () => {
      const { lose, ops, reopen, requests, sent } = rig({ limit: 2 })
      for (const op of ['a', 'b', 'c']) void requests.request({ op }, { resend: true })
      lose()
      reopen()
      lose()
      lose()
      sent.length = 0
      reopen()
      expect(ops()).to.deep.equal(['a', 'b'])
    })

    it('keeps what was asked inside @OnOpen and never sent behind what was asked before it', () => {
      const { lose, ops, port, reopen, requests } = rig({ limit: 1 }, false)
      void requests.request({ op: 'offline' })
      port.canSend = true
      void requests.request({ op: 'login' }, { resend: true })
      void requests.request({ op: 'turn' })
      lose()
      reopen()
      requests.take({ id: 1 })
      requests.take({ id: 2 })
      expect(ops()).to.deep.equal(['login', 'login', 'offline', 'turn'])
    })

    it('forgets the ids of the lost connection: a reply to one of them is foreign', () => {
      const { lose, requests } = rig()
      void requests.request({}, { resend: true })
      lose()
      expect(requests.take({ id: 1 })).to.equal(false)
      expect(requests.unmatched).to.equal(1)
      expect(requests.size).to.equal(1)
    })

    it('may come from within a send: the request rejects, and nothing more goes out', async () => {
      const { ops, port, reopen, requests } = rig({}, false)
      const asked = requests.request({ op: 'a' })
      const next = requests.request({ op: 'b' })
      const { send } = port
      port.send = (message) => {
        send(message)
        port.canSend = false
        requests.onLost(LOST)
      }
      reopen()
      expect(await rejection(asked)).to.equal(LOST)
      expect(ops()).to.deep.equal(['a'])
      expect(await standing(next)).to.equal('pending')
    })
  })

  describe('#closed', () => {
    it('rejects everything, under way or waiting, resend or not, and what is asked later', async () => {
      const { clock, port, requests, sent } = rig({ limit: 2 })
      const asked = [
        requests.request({}),
        requests.request({}, { resend: true }),
        requests.request({ op: 'turn' }),
      ]
      port.canSend = false
      requests.onClosed(CLOSED)
      expect(requests.size).to.equal(0)
      expect(clock.timers).to.equal(0)
      expect(await Promise.all(asked.map(standing))).to.deep.equal([CLOSED, CLOSED, CLOSED])
      expect(await rejection(requests.request({}))).to.equal(CLOSED)
      expect(clock.timers).to.equal(0)
      expect(sent).to.have.length(2)
    })
  })

  describe('#rejectAll', () => {
    it('rejects what is under way; what waits its turn goes on in the next turn of the event loop', async () => {
      const { clock, ops, requests, sizes } = rig({ limit: 1 })
      const overflow = new BackpressureError(9)
      const asked = requests.request({ op: 'a' }, { resend: true })
      void requests.request({ op: 'b' })
      requests.rejectAll(overflow)
      expect(sizes).to.deep.equal([1, 2, 1])
      expect(await standing(asked)).to.equal(overflow)
      expect(ops()).to.deep.equal(['a'])
      await clock.settle()
      expect(ops()).to.deep.equal(['a', 'b'])
    })

    it('tells of no change where nothing is under way', () => {
      const { requests, sizes } = rig({}, false)
      void requests.request({})
      requests.rejectAll(new BackpressureError(9))
      expect(sizes).to.deep.equal([1])
    })
  })

  describe('#withId', () => {
    it('takes the id from the same generator', () => {
      const { ids, requests } = rig()
      void requests.request({})
      expect(requests.withId({ type: 'ping' })).to.deep.equal({ type: 'ping', id: 2 })
      void requests.request({})
      expect(ids()).to.deep.equal([1, 3])
    })

    it('leaves what has an id, or can have none, as it is', () => {
      const { requests } = rig()
      for (const message of [{ id: 7 }, 'ping', [1], new Uint8Array(1), undefined]) {
        expect(requests.withId(message)).to.equal(message)
      }
      const message = { type: 'ping' }
      expect(rig({ id: false }).requests.withId(message)).to.equal(message)
    })
  })

  describe('#requestMany', () => {
    const isLast = (message: unknown): boolean => (message as { last?: boolean }).last === true

    it('iterates over the replies until the last, which it delivers', async () => {
      const { clock, requests } = rig({ result: (reply) => (reply as { value?: unknown }).value })
      const replies = requests.requestMany({}, { isLast })
      for (const value of [1, 2]) requests.take({ id: 1, value })
      expect(requests.size).to.equal(1)
      requests.take({ id: 1, value: 3, last: true })
      expect(requests.size).to.equal(0)
      expect(clock.timers).to.equal(0)
      const read: unknown[] = []
      for await (const value of replies) read.push(value)
      expect(read).to.deep.equal([1, 2, 3])
      expect(requests.take({ id: 1 })).to.equal(false)
      expect(requests.unmatched).to.equal(1)
    })

    it('gives replies to those who read before they come, in order', async () => {
      const { requests } = rig()
      const replies = requests.requestMany({}, { isLast })
      const reads = [replies.next(), replies.next(), replies.next()]
      requests.take({ id: 1, n: 1 })
      requests.take({ id: 1, n: 2, last: true })
      expect(
        (await Promise.all(reads)).map(({ value }) => (value as { n?: number } | undefined)?.n),
      ).to.deep.equal([1, 2, undefined])
      expect(await replies.next()).to.deep.equal({ done: true, value: undefined })
    })

    it('is forgotten when the loop is left: the rest goes to the handlers, the turn to the next', async () => {
      const { clock, ops, requests } = rig({ limit: 1 })
      const replies = requests.requestMany({ op: 'many' }, { isLast })
      void requests.request({ op: 'next' }, { timeout: false })
      requests.take({ id: 1 })
      requests.take({ id: 1 })
      for await (const reply of replies) {
        expect(reply).to.deep.equal({ id: 1 })
        break
      }
      expect(requests.size).to.equal(1)
      expect(clock.timers).to.equal(0)
      expect(ops()).to.deep.equal(['many', 'next'])
      expect(requests.take({ id: 1 })).to.equal(false)
      expect(await replies.next()).to.deep.equal({ done: true, value: undefined })
    })

    it('throws what ends it, after the replies that have come, and goes on throwing it', async () => {
      const { lose, requests } = rig()
      const replies = requests.requestMany({}, { isLast })
      requests.take({ id: 1 })
      lose()
      expect(await replies.next()).to.deep.equal({ done: false, value: { id: 1 } })
      expect(await rejection(replies.next())).to.equal(LOST)
      expect(await rejection(replies.next())).to.equal(LOST)
      expect(await replies.return?.()).to.deep.equal({ done: true, value: undefined })
      expect(await replies.next()).to.deep.equal({ done: true, value: undefined })
    })

    it('throws an error of the peer', async () => {
      const { requests } = rig({ error: (reply) => (reply as { error?: unknown }).error })
      const next = requests.requestMany({}, { isLast }).next()
      requests.take({ id: 1, error: 'no' })
      expect(await rejection(next)).to.be.instanceOf(ReplyError)
    })

    it('throws what isLast throws', async () => {
      const { requests } = rig()
      const thrown = new Error('oops')
      const replies = requests.requestMany(
        {},
        {
          isLast: () => {
            throw thrown
          },
        },
      )
      expect(requests.take({ id: 1 })).to.equal(true)
      expect((await replies.next()).done).to.equal(false)
      expect(await rejection(replies.next())).to.equal(thrown)
      expect(requests.size).to.equal(0)
    })

    it('drops what is unread when its signal aborts', async () => {
      const { requests } = rig()
      const controller = new AbortController()
      const replies = requests.requestMany({}, { isLast, signal: controller.signal })
      requests.take({ id: 1 })
      controller.abort(new Error('no longer wanted'))
      expect(await rejection(replies.next())).to.have.property('message', 'no longer wanted')
    })

    it('has its timeout anew with each reply', async () => {
      const { clock, requests } = rig()
      const replies = requests.requestMany({}, { isLast, timeout: 10 })
      for (let count = 0; count < 3; count += 1) {
        await clock.advance(9)
        requests.take({ id: 1 })
        expect((await replies.next()).done).to.equal(false)
      }
      await clock.advance(10)
      expect(await rejection(replies.next())).to.be.instanceOf(RequestTimeoutError)
      expect(clock.timers).to.equal(0)
    })

    it('is given up when more replies than highWaterMark are unread', async () => {
      const { requests } = rig()
      const replies = requests.requestMany({}, { isLast, highWaterMark: 2 })
      for (let count = 0; count < 3; count += 1) requests.take({ id: 1 })
      expect(requests.size).to.equal(0)
      for (let count = 0; count < 2; count += 1) expect((await replies.next()).done).to.equal(false)
      const error = await rejection(replies.next())
      expect(error).to.be.instanceOf(UnreadRepliesError).and.include({ id: 1, unread: 2 })
    })

    it('holds 1,024 unread by default', async () => {
      const { requests } = rig()
      void requests.requestMany({}, { isLast })
      for (let count = 0; count < 1_024; count += 1) requests.take({ id: 1 })
      expect(requests.size).to.equal(1)
      requests.take({ id: 1 })
      expect(requests.size).to.equal(0)
    })

    it('throws a TypeError at the call, like request, and rejects at the first read when it comes too late', async () => {
      const { requests } = rig()
      expect(() => requests.requestMany('text', { isLast })).to.throw(TypeError)
      requests.onClosed(CLOSED)
      expect(await rejection(requests.requestMany({}, { isLast }).next())).to.equal(CLOSED)
    })
  })

  describe('whatever happens', () => {
    interface Known {
      readonly op: number
      readonly resend: boolean
      readonly deadline: number
      readonly promise: Promise<unknown>
      readonly controller: AbortController
      state: 'waiting' | 'under way' | 'answered' | 'lost' | 'late' | 'aborted' | 'closed'
      id?: number
    }
    const LIMIT = 3

    /** A model of all requests: what each is doing, in the order in which they were asked, and what must have been sent. */
    class Model {
      readonly all: Known[] = []
      readonly expected: number[] = []
      line: Known[] = []
      isReady = false
      count = 0

      of(state: Known['state']): Known[] {
        return this.all.filter((known) => known.state === state)
      }

      pump(): void {
        while (this.isReady && this.line[0] && this.of('under way').length < LIMIT) {
          const known = this.line.shift()!
          this.count += 1
          known.state = 'under way'
          known.id = this.count
          this.expected.push(known.op)
        }
      }

      end(known: Known, state: Known['state']): void {
        known.state = state
        this.line = this.line.filter((each) => each !== known)
      }

      lose(): void {
        const underWay = this.of('under way')
        for (const known of underWay) known.state = known.resend ? 'waiting' : 'lost'
        this.line.unshift(...underWay.filter(({ resend }) => resend))
        this.isReady = false
        this.count = 0
      }
    }

    const command = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({
          kind: fc.constant('ask' as const),
          resend: fc.boolean(),
          timeout: fc.integer({ min: 1, max: 60 }),
        }),
      },
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('reply' as const), nth: fc.nat({ max: 5 }) }) },
      {
        weight: 1,
        arbitrary: fc.record({
          kind: fc.constant('stray' as const),
          id: fc.integer({ min: 1_000, max: 1_010 }),
        }),
      },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('abort' as const), nth: fc.nat({ max: 8 }) }) },
      {
        weight: 2,
        arbitrary: fc.record({ kind: fc.constant('advance' as const), by: fc.integer({ min: 1, max: 30 }) }),
      },
      { weight: 2, arbitrary: fc.constant({ kind: 'lose' as const }) },
      { weight: 3, arbitrary: fc.constant({ kind: 'ready' as const }) },
    )

    it('each request is settled once and as the model says, in order, within the limit, and leaves nothing', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(command, { maxLength: 60 }), async (commands) => {
          const it = rig({ limit: LIMIT }, false)
          const { clock, lose, ops, reopen, requests, sent, sizes } = it
          const model = new Model()
          let strays = 0
          const check = (): void => {
            const pending = model.of('waiting').length + model.of('under way').length
            expect(requests.size).to.equal(pending)
            expect(sizes.at(-1) ?? 0).to.equal(pending)
            expect(ops()).to.deep.equal(model.expected)
            expect(requests.unmatched).to.equal(strays)
            expect(clock.timers).to.equal(pending)
          }
          for (const each of commands) {
            if (each.kind === 'ask') {
              const op = model.all.length
              const controller = new AbortController()
              const { signal } = controller
              const promise = requests.request({ op }, { resend: each.resend, timeout: each.timeout, signal })
              const deadline = clock.now() + each.timeout
              const known: Known = {
                op,
                resend: each.resend,
                deadline,
                promise,
                controller,
                state: 'waiting',
              }
              model.all.push(known)
              model.line.push(known)
            } else if (each.kind === 'reply') {
              const known = model.of('under way')[each.nth]
              if (!known) continue
              expect(requests.take({ id: known.id, op: known.op })).to.equal(true)
              model.end(known, 'answered')
              model.pump()
              expect(requests.take({ id: known.id, op: 'again' })).to.equal(false)
              strays += 1
            } else if (each.kind === 'stray') {
              expect(requests.take({ id: each.id })).to.equal(false)
              strays += 1
            } else if (each.kind === 'abort') {
              const known = [...model.of('waiting'), ...model.of('under way')][each.nth]
              if (!known) continue
              known.controller.abort(new Error('aborted'))
              model.end(known, 'aborted')
            } else if (each.kind === 'advance') {
              const until = clock.now() + each.by
              for (let now = clock.now() + 1; now <= until; now += 1) {
                for (const known of model.all) {
                  if (known.deadline !== now || !['waiting', 'under way'].includes(known.state)) continue
                  model.end(known, 'late')
                  model.pump()
                }
              }
              await clock.advance(each.by)
            } else if (each.kind === 'lose') {
              model.lose()
              lose()
            } else {
              model.isReady = true
              reopen()
            }
            model.pump()
            check()
          }
          for (const known of [...model.of('waiting'), ...model.of('under way')]) model.end(known, 'closed')
          requests.onClosed(CLOSED)
          check()
          expect(sent.length).to.equal(model.expected.length)
          for (const { op, promise, state } of model.all) {
            const outcome = await standing(promise)
            if (state === 'answered') expect(outcome).to.have.property('op', op)
            else if (state === 'lost') expect(outcome).to.equal(LOST)
            else if (state === 'late') expect(outcome).to.be.instanceOf(RequestTimeoutError)
            else if (state === 'aborted') expect(outcome).to.have.property('message', 'aborted')
            else expect(outcome).to.equal(CLOSED)
          }
        }),
        { numRuns: 150 },
      )
    })
  })
})
