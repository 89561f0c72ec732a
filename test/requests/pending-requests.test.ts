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
import { FACTS } from '../support/facts.js'

interface Sent {
  readonly id: number
  readonly op?: unknown
}

const LOST = new ConnectionLostError('It was lost', 1006, '')
const CLOSED = new ConnectionClosedError('It is closed')

/** Requests on their own clock and, by default, on an open link. Without one, they go to the lobby. */
function rig(options: RequestsOptions = {}, isOpen = true) {
  const clock = new FakeClock()
  const sent: Sent[] = []
  const sizes: number[] = []
  const failures: unknown[] = []
  const settings = fillInRequests(options)
  const stats = { unmatched: 0 }
  const port = {
    canSend: true,
    isOpen: true,
    send: (message: unknown): void => {
      if ((message as { op?: unknown }).op === 'unencodable') throw new EncodeError('It has no text')
      sent.push(message as Sent)
    },
  }
  const make = (isLobby: boolean): PendingRequests =>
    new PendingRequests(
      settings,
      clock,
      {
        facts: { ...FACTS, connection: 'Api#1' },
        send: (message) => port.send(message),
        sendLate: (source, request) => port.send(request.identify((source as () => unknown)())),
        isRateLimited: false,
        canSend: () => port.canSend,
        isOpen: () => port.isOpen,
        onCancelError: (thrown) => failures.push(thrown),
        onChange: () => sizes.push(size()),
        onError: (thrown) => failures.push(thrown),
        onUnmatched: () => void (stats.unmatched += 1),
      },
      isLobby,
    )
  const lobby = make(true)
  let link: PendingRequests | undefined
  const size = (): number => lobby.size + (link?.size ?? 0)
  /** Opens a link that is not ready yet. Waiting requests stay in the lobby. */
  const open = (): void => {
    link ??= make(false)
  }
  const lose = (): void => {
    const lost = link
    link = undefined
    if (lost) lobby.adopt(lost.onLost(LOST))
  }
  const reopen = (): void => {
    open()
    link?.adopt(lobby.release())
  }
  if (isOpen) open()
  return {
    clock,
    sent,
    sizes,
    failures,
    stats,
    port,
    lobby,
    open,
    lose,
    reopen,
    /** The requests that a caller reaches now: those of the link, or of the lobby. */
    get requests(): PendingRequests {
      return link ?? lobby
    },
    ops: () => sent.map(({ op }) => op),
    ids: () => sent.map(({ id }) => id),
  }
}

/** Returns the state of a promise without waiting for it. */
async function standing(promise: Promise<unknown>): Promise<unknown> {
  return Promise.race([promise, Promise.resolve('pending')]).catch((error: unknown) => error)
}

describe('PendingRequests', () => {
  describe('#take', () => {
    it('passes each reply to its request, in any order', async () => {
      const { requests } = rig()
      const asked = ['a', 'b', 'c'].map((op) => requests.request({ op }))
      for (const id of [3, 1, 2]) expect(requests.take({ id, of: id })).to.equal(true)
      expect(await Promise.all(asked)).to.deep.equal([1, 2, 3].map((id) => ({ id, of: id })))
      expect(requests.size).to.equal(0)
    })

    it('leaves duplicate, late and unknown replies to the handlers, and counts them', async () => {
      const { clock, requests, stats } = rig()
      const asked = requests.request({})
      const late = requests.request({}, { timeout: 5 })
      requests.take({ id: 1 })
      await clock.advance(5)
      for (const id of [1, 2, 77]) expect(requests.take({ id })).to.equal(false)
      expect(stats.unmatched).to.equal(3)
      expect(await asked).to.deep.equal({ id: 1 })
      expect(await rejection(late)).to.be.instanceOf(RequestTimeoutError)
    })

    for (const message of [{ type: 'tick' }, { id: null }, { id: undefined }, null, 'text', 5, [1]]) {
      it(`leaves a message that has no ID to the handlers, and does not count it: ${JSON.stringify(message)}`, () => {
        const { requests, stats } = rig()
        void requests.request({})
        expect(requests.take(message)).to.equal(false)
        expect(stats.unmatched).to.equal(0)
        expect(requests.size).to.equal(1)
      })
    }

    it('compares IDs strictly by default, and loosely with idKey', async () => {
      const strict = rig()
      void strict.requests.request({})
      expect(strict.requests.take({ id: '1' })).to.equal(false)
      expect(strict.stats.unmatched).to.equal(1)
      const loose = rig({ idKey: String })
      const asked = loose.requests.request({})
      expect(loose.requests.take({ id: '1' })).to.equal(true)
      expect(await asked).to.deep.equal({ id: '1' })
    })

    it("rejects with a ReplyError that contains the peer's error if the reply has one", async () => {
      const { requests } = rig({ error: (reply) => (reply as { error?: unknown }).error })
      const asked = requests.request({})
      const details = { code: 7, message: 'no such thing', more: [1] }
      expect(requests.take({ id: 1, error: details })).to.equal(true)
      const error = (await rejection(asked)) as ReplyError
      expect(error).to.be.instanceOf(ReplyError).and.include({ id: 1, details, code: 'HOLDFAST_REPLY' })
      expect(error.message).to.equal('Request 1 of Api#1 failed: the server replied 7 no such thing')
    })

    it('counts an error that has no ID, and leaves it to the handlers', () => {
      const { requests, stats } = rig({ error: (reply) => (reply as { error?: unknown }).error })
      void requests.request({})
      expect(requests.take({ id: null, error: 'parse error' })).to.equal(false)
      expect(stats.unmatched).to.equal(1)
      expect(requests.size).to.equal(1)
    })

    it('rejects with whatever result or error throws, and consumes the reply', async () => {
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

    it('reports a replyId, idKey or error function that throws for a message that belongs to no request, and settles nothing', () => {
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

    it('accepts a reply that arrives while the request is being sent', async () => {
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
    it('never assigns an ID twice on one link, and counts from 1 on the next', async () => {
      const it = rig()
      void it.requests.request({})
      it.requests.take({ id: 1 })
      void it.requests.request({}, { timeout: 1 })
      void it.requests.request({})
      it.lose()
      it.reopen()
      void it.requests.request({})
      expect(it.ids()).to.deep.equal([1, 2, 3, 1])
    })

    it('keeps the ID of a message, and assigns it to no other request, even after the first one settles', async () => {
      const { ids, requests } = rig()
      const own = requests.request({ id: 2 })
      requests.take({ id: 2 })
      expect(await own).to.deep.equal({ id: 2 })
      void requests.request({})
      void requests.request({})
      expect(ids()).to.deep.equal([2, 1, 3])
    })

    it('throws a TypeError at the call for an ID that is pending, sent or not', () => {
      for (const isOpen of [true, false]) {
        const { requests } = rig({ idKey: String, limit: 1 }, isOpen)
        void requests.request({ id: 1 })
        void requests.request({ id: 'mine' })
        expect(() => requests.request({ id: '1' })).to.throw(TypeError, 'ID 1 is already pending')
        expect(() => requests.request({ id: 'mine' })).to.throw(TypeError, 'ID mine is already pending')
        expect(requests.size).to.equal(2)
      }
    })

    it('accepts an ID that a settled request used', async () => {
      const { requests } = rig()
      for (const answer of ['first', 'second']) {
        const asked = requests.request({ id: 'ping' })
        requests.take({ id: 'ping', answer })
        expect(await asked).to.have.property('answer', answer)
      }
    })

    it('assigns none of the last thousand IDs that callers chose', () => {
      const { ids, requests } = rig()
      for (let id = 1; id <= 1_000; id += 1) {
        void requests.request({ id })
        requests.take({ id })
      }
      void requests.request({})
      expect(ids().at(-1)).to.equal(1_001)
    })

    it('remembers up to a thousand of them, and none on the next link', () => {
      const it = rig()
      const spend = (most: number): void => {
        for (let id = 1; id <= most; id += 1) {
          void it.requests.request({ id })
          it.requests.take({ id })
        }
      }
      spend(1_001)
      void it.requests.request({})
      expect(it.ids().at(-1)).to.equal(1)
      it.requests.take({ id: 1 })
      spend(10)
      it.lose()
      it.reopen()
      void it.requests.request({})
      expect(it.ids().at(-1)).to.equal(1)
    })

    it('rejects if nextId returns no new ID', async () => {
      const { clock, requests } = rig({ nextId: () => 'same' })
      void requests.request({})
      expect(await rejection(requests.request({}))).to.be.instanceOf(TypeError)
      expect(requests.size).to.equal(1)
      requests.take({ id: 'same' })
      expect(clock.timers).to.equal(0)
    })

    it('rejects a request that cannot be encoded, and sends the next', async () => {
      const { clock, ops, reopen, requests } = rig({ limit: 20_001 }, false)
      const broken = Array.from({ length: 20_000 }, () => requests.request({ op: 'unencodable' }))
      void requests.request({ op: 'fine' }, { timeout: false })
      reopen()
      expect(ops()).to.deep.equal(['fine'])
      for (const each of broken) expect(await rejection(each)).to.be.instanceOf(EncodeError)
      expect(clock.timers).to.equal(0)
    })

    it('does not have to be awaited: it never causes an unhandled rejection (B34)', async () => {
      const { clock, requests } = rig()
      void requests.request({}, { timeout: 1 })
      await clock.advance(1)
      expect(requests.size).to.equal(0)
    })

    it('reports every change in the number of pending requests', () => {
      const { requests, sizes } = rig()
      void requests.request({})
      void requests.request({})
      requests.take({ id: 2 })
      requests.take({ id: 2 })
      requests.onClosed(CLOSED)
      expect(sizes).to.deep.equal([1, 2, 1, 0])
    })

    it('waits while nothing can be sent, then sends in order', () => {
      const { ops, reopen, requests, sent } = rig({}, false)
      for (const op of ['a', 'b', 'c']) void requests.request({ op })
      expect(sent).to.deep.equal([])
      reopen()
      expect(ops()).to.deep.equal(['a', 'b', 'c'])
    })

    it('settles 10,000 requests that were made at once', async () => {
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
    it('is 30 s by default, and ends the request immediately', async () => {
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
      expect(error.message).to.equal('Request 1 of Api#1 timed out after 30000 ms: no reply received')
    })

    it('can be set for the client or the call; false means no limit', async () => {
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

    it('runs while nothing can be sent, and then the peer never receives the request', async () => {
      const { clock, reopen, requests, sent } = rig({}, false)
      const asked = requests.request({}, { timeout: 5 })
      await clock.advance(5)
      const error = (await rejection(asked)) as RequestTimeoutError
      expect(error).to.include({ id: undefined, wasSent: false })
      expect(error.message).to.contain('before it was sent').and.to.contain('timed out after 5 ms')
      reopen()
      expect(sent).to.deep.equal([])
    })

    it('continues through a reconnect, and lets the next request start when it ends', async () => {
      const it = rig({ limit: 1 })
      const asked = it.requests.request({ op: 'a' }, { timeout: 10, resend: true })
      await it.clock.advance(6)
      it.lose()
      it.reopen()
      void it.requests.request({ op: 'b' })
      await it.clock.advance(4)
      expect(await rejection(asked)).to.include({ timeout: 10, wasSent: true })
      expect(it.ops()).to.deep.equal(['a', 'a', 'b'])
    })
  })

  describe('signal', () => {
    it('rejects immediately without sending if it has already aborted', async () => {
      const { clock, requests, sent, sizes } = rig()
      const asked = requests.request({}, { signal: AbortSignal.abort(new Error('before')) })
      expect(await rejection(asked)).to.have.property('message', 'before')
      expect(sent).to.deep.equal([])
      expect(sizes).to.deep.equal([])
      expect(clock.timers).to.equal(0)
    })

    const moments: Record<string, (it: ReturnType<typeof rig>) => void> = {
      'while it waits for a connection': ({ lose }) => lose(),
      'while it is queued': ({ requests }) => void requests.request({ op: 'first' }, { resend: true }),
      'while it is in flight': () => {},
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

    it('changes nothing after the request has settled, and leaves no listener', async () => {
      const { requests } = rig()
      const controller = new AbortController()
      const listeners = countListeners(controller.signal)
      const asked = requests.request({}, { signal: controller.signal })
      requests.take({ id: 1 })
      expect(listeners()).to.equal(0)
      controller.abort()
      expect(await asked).to.deep.equal({ id: 1 })
    })

    it('wraps a reason that is not an Error', async () => {
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

    it('finds the reply of an API without IDs: the next message that matches, and nothing is added', async () => {
      const { requests, sent, stats } = rig({ id: false })
      const asked = requests.request({ op: 'subscribe' }, { match: isAck })
      expect(sent).to.deep.equal([{ op: 'subscribe' }])
      expect(requests.take({ type: 'tick', id: 1 })).to.equal(false)
      expect(requests.take({ type: 'ack', id: 2 })).to.equal(true)
      expect(requests.take({ type: 'ack' })).to.equal(false)
      expect(await asked).to.deep.equal({ type: 'ack', id: 2 })
      expect(stats.unmatched).to.equal(0)
    })

    it('passes one message to one request: the one that has waited longest', async () => {
      const { requests } = rig({ id: false })
      const [first, second] = [1, 2].map(() => requests.request({}, { match: isAck }))
      requests.take({ type: 'ack', n: 1 })
      expect(await first).to.have.property('n', 1)
      expect(requests.size).to.equal(1)
      requests.take({ type: 'ack', n: 2 })
      expect(await second).to.have.property('n', 2)
    })

    it('is not called before the request is sent', () => {
      const { requests } = rig({ id: false, limit: 1 })
      void requests.request({ op: 'a' }, { match: () => false })
      void requests.request({ op: 'b' }, { match: () => true })
      expect(requests.take({})).to.equal(false)
    })

    it('is required if the API has no IDs', () => {
      const { requests } = rig({ id: false })
      expect(() => requests.request({})).to.throw(TypeError, 'match')
      expect(requests.size).to.equal(0)
    })

    it('adds no ID to the message, even if it cannot have one, and finds the reply', async () => {
      const { requests, sent, stats } = rig()
      const asked = [{ op: 'a' }, 'text'].map((message) => requests.request(message, { match: isAck }))
      const events = requests.requestMany({ op: 'b' }, { match: isAck, isLast: () => true })
      expect(sent).to.deep.equal([{ op: 'a' }, 'text', { op: 'b' }])
      expect(requests.take({ id: 1, type: 'tick' })).to.equal(false)
      expect(stats.unmatched).to.equal(1)
      const replies = [{ type: 'ack' }, { id: 9, type: 'ack' }, { id: 1, type: 'ack' }]
      for (const reply of replies) expect(requests.take(reply)).to.equal(true)
      const last = (await events.next()).value
      expect([...(await Promise.all(asked)), last]).to.deep.equal(replies)
      expect([requests.size, stats.unmatched]).to.deep.equal([0, 1])
    })

    it('is never called for the reply to another request', async () => {
      const { requests } = rig()
      const other = requests.request({})
      const asked: unknown[] = []
      void requests.request({}, { match: (message) => asked.push(message) > 1 })
      requests.take({ id: 1, type: 'ack' })
      expect(await other).to.deep.equal({ id: 1, type: 'ack' })
      expect(asked).to.deep.equal([])
    })

    it('of a request with its own ID accepts messages that have that ID or no ID', async () => {
      const { requests, stats } = rig()
      const staged = requests.request({ id: 1 }, { match: isAck })
      expect(requests.take({ id: 1, type: 'received' })).to.equal(false)
      expect(requests.take({ id: 9, type: 'ack' })).to.equal(false)
      expect(stats.unmatched).to.equal(1)
      expect(requests.take({ id: 1, type: 'ack' })).to.equal(true)
      const bare = requests.request({ id: 1 }, { match: isAck })
      expect(() => requests.request({ id: 1 }, { match: isAck })).to.throw(
        TypeError,
        'ID 1 is already pending',
      )
      expect(requests.take({ type: 'ack' })).to.equal(true)
      expect(await Promise.all([staged, bare])).to.deep.equal([{ id: 1, type: 'ack' }, { type: 'ack' }])
    })

    it('receives the ID of its request', async () => {
      const { requests } = rig({ replyId: () => undefined })
      void requests.request({ id: 1 }, { match: (message, id) => (message as { of?: unknown }).of === id })
      expect(requests.take({ of: 2 })).to.equal(false)
      expect(requests.take({ of: 1 })).to.equal(true)
    })

    it('does not prevent an error with its ID from rejecting the request', async () => {
      const { requests } = rig({ error: (reply) => (reply as { error?: unknown }).error })
      const asked = requests.request({ id: 1 }, { match: isAck })
      expect(requests.take({ id: 1, error: 'no' })).to.equal(true)
      expect(await rejection(asked)).to.have.property(
        'message',
        'Request 1 of Api#1 failed: the server replied no',
      )
    })

    it('can accept an error message that has no ID', async () => {
      const { requests } = rig({ id: false, error: (reply) => (reply as { error?: unknown }).error })
      const asked = requests.request({}, { match: () => true })
      expect(requests.take({ error: { message: 'no' } })).to.equal(true)
      const error = await rejection(asked)
      expect(error).to.be.instanceOf(ReplyError).with.property('id', undefined)
      expect(error).to.have.property('message', 'Request of Api#1 failed: the server replied no')
    })

    it('rejects its own request if it throws; the message continues, but not to a request that this sends', async () => {
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

    it('is not called for a request that an earlier matcher has ended', async () => {
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

  describe('cancel', () => {
    const cancel = (id: unknown): unknown => ({ id, op: 'cancel' })
    const CANCEL = { id: 1, op: 'cancel' }
    const isLast = (): boolean => false

    const leave: Record<string, (it: ReturnType<typeof rig>) => unknown> = {
      'is aborted': (it) => {
        const controller = new AbortController()
        void it.requests.request({ op: 'ask' }, { signal: controller.signal })
        controller.abort()
      },
      'times out': async ({ clock, requests }) => {
        void requests.request({ op: 'ask' }, { timeout: 10 })
        await clock.advance(10)
      },
      'is left by its loop': async ({ requests }) => {
        for await (const reply of asked(requests)) if (reply) break
      },
      'times out during iteration': async ({ clock, requests }) => {
        void requests.requestMany({ op: 'ask' }, { isLast, timeout: 10 })
        await clock.advance(10)
      },
      'has too many unread replies': ({ requests }) => {
        void requests.requestMany({ op: 'ask' }, { isLast, highWaterMark: 1 })
        for (let count = 0; count < 2; count += 1) requests.take({ id: 1 })
      },
    }
    function asked(requests: PendingRequests): AsyncIterableIterator<unknown, undefined> {
      const replies = requests.requestMany({ op: 'ask' }, { isLast })
      requests.take({ id: 1 })
      return replies
    }
    for (const [what, act] of Object.entries(leave)) {
      it(`tells the server once that a request ${what}, before waiting requests are sent`, async () => {
        const it = rig({ cancel, limit: 1 })
        const left = act(it)
        void it.requests.request({ op: 'next' })
        await left
        expect(it.sent).to.deep.equal([{ op: 'ask', id: 1 }, CANCEL, { op: 'next', id: 2 }])
        expect(it.failures).to.deep.equal([])
      })
    }

    it('of the call takes precedence, and sends nothing if it returns undefined', () => {
      const { requests, sent } = rig({ cancel })
      for (const own of [(id: unknown) => ({ op: 'own', id }), () => undefined, undefined]) {
        const controller = new AbortController()
        void requests.request({ op: 'ask' }, { signal: controller.signal, cancel: own })
        controller.abort()
      }
      const told = sent.filter(({ op }) => op !== 'ask')
      expect(told).to.deep.equal([
        { op: 'own', id: 1 },
        { op: 'cancel', id: 3 },
      ])
    })

    it('is not called for requests that were answered, unsent, or lost with their link', async () => {
      const it = rig({ cancel, limit: 1 })
      const controller = new AbortController()
      const { signal } = controller
      const replies = it.requests.requestMany({ op: 'many' }, { isLast: () => true })
      it.requests.take({ id: 1 })
      for await (const reply of replies) if (reply) break
      void it.requests.request({ op: 'answered' }, { signal })
      it.requests.take({ id: 2 })
      void it.requests.request({ op: 'sent' }, { signal, resend: true })
      void it.requests.request({ op: 'unsent' }, { signal })
      void it.requests.request({ op: 'failed' })
      it.lose()
      controller.abort()
      expect(it.ops()).to.deep.equal(['many', 'answered', 'sent'])
      it.reopen()
      const last = new AbortController()
      void it.requests.request({ op: 'last' }, { signal: last.signal })
      it.port.isOpen = false
      last.abort()
      expect(it.ops()).to.deep.equal(['many', 'answered', 'sent', 'last'])
    })

    it('in the option is not called for a request that has no ID if others have IDs, but the one passed to the call is', () => {
      for (const [id, told] of [
        ['id', 0],
        [false, 1],
      ] as const) {
        const { requests, sent } = rig({ cancel: () => ({ op: 'cancel' }), id })
        const controller = new AbortController()
        const options = { match: () => false, signal: controller.signal }
        void requests.request({ op: 'ask' }, options)
        void requests.request({ op: 'ask' }, { ...options, cancel: () => ({ op: 'own' }) })
        controller.abort()
        expect(sent.filter(({ op }) => op === 'cancel')).to.have.length(told)
        expect(sent.filter(({ op }) => op === 'own')).to.have.length(1)
      }
    })

    it('that throws, or returns a promise or an unencodable value, is reported, and the next request is sent', () => {
      const thrown = new Error('no')
      const broken: readonly ((id: unknown) => unknown)[] = [
        () => {
          throw thrown
        },
        () => Promise.reject(thrown),
        () => ({ op: 'unencodable' }),
      ]
      const { failures, ops, requests } = rig({ limit: 1 })
      for (const each of broken) {
        const controller = new AbortController()
        void requests.request({ op: 'ask' }, { signal: controller.signal, cancel: each })
        controller.abort()
      }
      expect(ops()).to.deep.equal(['ask', 'ask', 'ask'])
      expect(failures[0]).to.equal(thrown)
      expect(failures[1]).to.be.instanceOf(TypeError).with.property('message').that.includes('a promise')
      expect(failures[2]).to.be.instanceOf(EncodeError)
      expect(failures).to.have.length(3)
    })
  })

  describe('limit', () => {
    it('of 1 keeps one request in flight; the rest wait in order, however each ends', async () => {
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

    it('lets no request go ahead of waiting ones', () => {
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

    it('sends 10,000 waiting requests one after another', function () {
      this.timeout(10_000)
      const { requests, sent } = rig({ limit: 1, timeout: false })
      for (let count = 0; count < 10_000; count += 1) void requests.request({})
      for (let id = 1; id <= 10_000; id += 1) requests.take({ id })
      expect(sent).to.have.length(10_000)
      expect(requests.size).to.equal(0)
    })
  })

  describe('of an opening link', () => {
    it('are sent immediately, while the lobby waits until the link adopts it', () => {
      const connection = rig({}, false)
      void connection.requests.request({ op: 'waits' })
      connection.open()
      void connection.requests.request({ op: 'login' })
      expect(connection.ops()).to.deep.equal(['login'])
      connection.requests.take({ id: 1 })
      expect(connection.ops()).to.deep.equal(['login'])
      connection.reopen()
      expect(connection.ops()).to.deep.equal(['login', 'waits'])
    })

    it('send the second one with a limit of 1 (no deadlock), before those that the link adopts', async () => {
      const connection = rig({ limit: 1 }, false)
      void connection.requests.request({ op: 'waits' })
      connection.open()
      const { requests } = connection
      const login = ['hello', 'login'].map((op) => requests.request({ op }))
      connection.reopen()
      requests.take({ id: 1 })
      expect(connection.ops()).to.deep.equal(['hello', 'login'])
      requests.take({ id: 2 })
      expect(await Promise.all(login)).to.have.length(2)
      expect(connection.ops()).to.deep.equal(['hello', 'login', 'waits'])
    })
  })

  describe('#flush', () => {
    it('sends waiting requests in order once the link can send', () => {
      const { ops, port, requests } = rig()
      port.canSend = false
      for (const op of ['a', 'b']) void requests.request({ op })
      requests.flush()
      expect(ops()).to.deep.equal([])
      port.canSend = true
      requests.flush()
      expect(ops()).to.deep.equal(['a', 'b'])
    })

    it('stops when a send leaves the link unable to send', () => {
      const { ops, port, requests } = rig()
      port.canSend = false
      for (const op of ['a', 'b']) void requests.request({ op })
      const { send } = port
      port.send = (message) => {
        send(message)
        port.canSend = false
      }
      port.canSend = true
      requests.flush()
      expect(ops()).to.deep.equal(['a'])
    })

    it('keeps the order if a send adds requests', () => {
      const { ops, port, requests } = rig({ limit: 1 })
      for (const op of ['a', 'b', 'c']) void requests.request({ op })
      const { send } = port
      port.send = (message) => {
        port.send = send
        void requests.request({ op: 'd' })
        send(message)
      }
      for (const id of [1, 2, 3]) requests.take({ id })
      expect(ops()).to.deep.equal(['a', 'b', 'c', 'd'])
    })
  })

  describe('in the lobby', () => {
    it('wait up to the limit; another one rejects immediately', async () => {
      const { lobby } = rig({ limit: 1_500 }, false)
      for (let count = 0; count < 1_500; count += 1) void lobby.request({})
      const error = (await rejection(lobby.request({}))) as BackpressureError
      expect(error).to.be.instanceOf(BackpressureError).and.include({ pending: 1_500 })
      expect(error.message).to.equal(
        '1500 requests are waiting for a connection, which is the limit. Await connection.whenOpen(), or raise requests.limit',
      )
      expect(lobby.size).to.equal(1_500)
    })

    it('wait up to 1,000 even if the limit is lower, because a limit of 1 is about order', async () => {
      const { lobby } = rig({ limit: 1 }, false)
      for (let count = 0; count < 1_000; count += 1) void lobby.request({})
      expect(await rejection(lobby.request({}))).to.be.instanceOf(BackpressureError)
    })

    it('accept any number of requests from a lost link', () => {
      const connection = rig({ limit: 1 })
      for (let count = 0; count < 1_001; count += 1) void connection.requests.request({}, { resend: true })
      connection.lose()
      expect(connection.lobby.size).to.equal(1_001)
    })
  })

  describe('#release', () => {
    it('removes all waiting requests in order, and reports the change once', () => {
      const { lobby, sizes } = rig({}, false)
      for (const op of ['a', 'b']) void lobby.request({ op })
      expect(lobby.release().map(({ message }) => message)).to.deep.equal([{ op: 'a' }, { op: 'b' }])
      expect(lobby.release()).to.deep.equal([])
      expect(sizes).to.deep.equal([1, 2, 0])
    })
  })

  describe('#adopt', () => {
    it('sends as the limit allows, and reports the change once', () => {
      const connection = rig({ limit: 2 }, false)
      for (const op of ['a', 'b', 'c']) void connection.requests.request({ op })
      connection.sizes.length = 0
      connection.reopen()
      expect(connection.ops()).to.deep.equal(['a', 'b'])
      expect(connection.sizes).to.deep.equal([0, 3])
      connection.requests.take({ id: 1 })
      expect(connection.ops()).to.deep.equal(['a', 'b', 'c'])
    })

    it('keeps timeouts and signals active, whether the lobby or a link owns the request', async () => {
      const connection = rig({}, false)
      const { clock, lobby, ops } = connection
      const controllers = [new AbortController(), new AbortController()] as const
      const aborted = controllers.map(({ signal }) => lobby.request({ op: 'aborted' }, { signal }))
      const late = lobby.request({ op: 'late' }, { timeout: 10 })
      await clock.advance(6)
      const released = lobby.release()
      controllers[0].abort(new Error('in between'))
      connection.open()
      const link = connection.requests
      link.adopt(released)
      expect(ops()).to.deep.equal(['aborted', 'late'])
      controllers[1].abort(new Error('adopted'))
      expect(link.size).to.equal(1)
      await clock.advance(3)
      expect(link.size).to.equal(1)
      await clock.advance(1)
      expect(link.size).to.equal(0)
      expect(await rejection(late)).to.include({ timeout: 10, wasSent: true, id: 2 })
      const reasons = await Promise.all(aborted.map(rejection))
      expect(reasons.map((reason) => (reason as Error).message)).to.deep.equal(['in between', 'adopted'])
      expect(clock.timers).to.equal(0)
    })

    it('rejects a request whose own ID another request on the link has', async () => {
      const connection = rig({}, false)
      const waits = connection.requests.request({ id: 1, op: 'waits' })
      const other = connection.requests.request({ id: 2, op: 'other' })
      connection.open()
      const login = connection.requests.request({ op: 'login' })
      connection.reopen()
      expect(await rejection(waits))
        .to.be.instanceOf(TypeError)
        .with.property('message')
        .that.contains('ID 1 is')
      for (const id of [1, 2]) expect(connection.requests.take({ id })).to.equal(true)
      expect(await Promise.all([login, other])).to.have.length(2)
      expect(connection.clock.timers).to.equal(0)
    })

    it('rejects immediately on a link that is already lost', async () => {
      const connection = rig({}, false)
      const asked = connection.requests.request({})
      connection.open()
      const link = connection.requests
      link.onLost(LOST)
      link.adopt(connection.lobby.release())
      expect(await standing(asked)).to.equal(LOST)
      expect(connection.clock.timers).to.equal(0)
    })

    it('lets the reader of several replies leave, whether the lobby or a link owns the request', async () => {
      const connection = rig({}, false)
      const replies = connection.requests.requestMany({}, { isLast: () => false })
      connection.reopen()
      expect(connection.requests.size).to.equal(1)
      await replies.return?.()
      expect(connection.requests.size).to.equal(0)
      expect(connection.requests.take({ id: 1 })).to.equal(false)
    })
  })

  describe('#idle', () => {
    it('resolves when no request is pending', async () => {
      const { requests } = rig({ limit: 1 })
      await requests.idle()
      void requests.request({})
      void requests.request({})
      const idle = requests.idle()
      expect(requests.idle()).to.equal(idle)
      requests.take({ id: 1 })
      expect(await standing(idle)).to.equal('pending')
      requests.take({ id: 2 })
      expect(await standing(idle)).to.equal(undefined)
      void requests.request({})
      expect(await standing(requests.idle())).to.equal('pending')
    })

    it('resolves when the link is lost', async () => {
      const { lose, requests } = rig()
      void requests.request({}, { resend: true })
      const idle = requests.idle()
      lose()
      expect(await standing(idle)).to.equal(undefined)
    })
  })

  describe('#onLost', () => {
    it('rejects requests in flight in the same turn, so each is sent at most once (B13)', async () => {
      const { clock, lose, reopen, requests, sent } = rig()
      const asked = [requests.request({}), requests.request({})]
      lose()
      expect(requests.size).to.equal(0)
      expect(clock.timers).to.equal(0)
      expect(await Promise.all(asked.map(standing))).to.deep.equal([LOST, LOST])
      reopen()
      expect(sent).to.have.length(2)
    })

    it('rejects waiting requests on the link that they were created on', async () => {
      const { lose, lobby, requests } = rig({ limit: 1 })
      const asked = [1, 2].map(() => requests.request({}))
      lose()
      expect(await Promise.all(asked.map(standing))).to.deep.equal([LOST, LOST])
      expect(lobby.size).to.equal(0)
    })

    it('keeps requests that were created while there was no link until they are sent', async () => {
      const connection = rig({ limit: 1 }, false)
      const asked = ['a', 'b'].map((op) => connection.requests.request({ op }))
      connection.reopen()
      connection.lose()
      expect(await Promise.all(asked.map(standing))).to.deep.equal([LOST, 'pending'])
      connection.reopen()
      expect(connection.ops()).to.deep.equal(['a', 'b'])
    })

    it('rejects later requests on the link', async () => {
      const { clock, lose, requests } = rig()
      lose()
      expect(await rejection(requests.request({}))).to.equal(LOST)
      expect(clock.timers).to.equal(0)
    })

    it('lets the next link resend requests with new IDs, before waiting ones', async () => {
      const connection = rig({ limit: 3 })
      const { ops } = connection
      const again = connection.requests.request({ op: 'again' }, { resend: true })
      void connection.requests.request({ op: 'once' })
      const own = connection.requests.request({ op: 'own', id: 'mine' }, { resend: true })
      void connection.requests.request({ op: 'turn' }, { resend: true })
      connection.lose()
      void connection.requests.request({ op: 'offline' })
      expect(connection.requests.size).to.equal(4)
      connection.reopen()
      expect(ops()).to.deep.equal(['again', 'once', 'own', 'again', 'own', 'turn'])
      expect(connection.ids().slice(3)).to.deep.equal([1, 'mine', 2])
      expect(connection.requests.take({ id: 1, second: true })).to.equal(true)
      expect(ops().at(-1)).to.equal('offline')
      connection.requests.take({ id: 'mine', second: true })
      expect(await Promise.all([again, own])).to.deep.equal([
        { id: 1, second: true },
        { id: 'mine', second: true },
      ])
    })

    it('keeps the order of resent requests across several disconnects', () => {
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

    it('puts sent requests before unsent ones, even if those have waited longer', () => {
      const connection = rig({ limit: 1 }, false)
      void connection.requests.request({ op: 'offline' })
      connection.open()
      void connection.requests.request({ op: 'login' }, { resend: true })
      void connection.requests.request({ op: 'turn' }, { resend: true })
      connection.lose()
      connection.reopen()
      for (const id of [1, 2]) connection.requests.take({ id })
      expect(connection.ops()).to.deep.equal(['login', 'login', 'offline', 'turn'])
    })

    it('leaves nothing on the lost link: a reply to one of its requests is unmatched', () => {
      const { lobby, lose, requests, stats } = rig()
      void requests.request({}, { resend: true })
      lose()
      expect(requests.take({ id: 1 })).to.equal(false)
      expect(stats.unmatched).to.equal(1)
      expect(requests.size).to.equal(0)
      expect(lobby.size).to.equal(1)
    })

    it('can occur during a send: the request rejects, and nothing else is sent', async () => {
      const { lobby, lose, ops, port, reopen } = rig({}, false)
      const asked = lobby.request({ op: 'a' })
      const next = lobby.request({ op: 'b' })
      const { send } = port
      port.send = (message) => {
        send(message)
        lose()
      }
      reopen()
      expect(await rejection(asked)).to.equal(LOST)
      expect(ops()).to.deep.equal(['a'])
      expect(await standing(next)).to.equal('pending')
      expect(lobby.size).to.equal(1)
    })
  })

  describe('#onClosed', () => {
    it('rejects all requests, in flight or waiting, with or without resend, and later ones', async () => {
      const { clock, requests, sent } = rig({ limit: 2 })
      const asked = [
        requests.request({}),
        requests.request({}, { resend: true }),
        requests.request({ op: 'turn' }),
      ]
      requests.onClosed(CLOSED)
      expect(requests.size).to.equal(0)
      expect(clock.timers).to.equal(0)
      expect(await Promise.all(asked.map(standing))).to.deep.equal([CLOSED, CLOSED, CLOSED])
      expect(await rejection(requests.request({}))).to.equal(CLOSED)
      expect(clock.timers).to.equal(0)
      expect(sent).to.have.length(2)
    })

    it('rejects waiting requests in the lobby', async () => {
      const { clock, lobby } = rig({}, false)
      const asked = lobby.request({})
      lobby.onClosed(CLOSED)
      expect(await standing(asked)).to.equal(CLOSED)
      expect(clock.timers).to.equal(0)
    })
  })

  describe('#rejectAll', () => {
    it('rejects requests in flight and those created on the link; the rest continue in the next turn', async () => {
      const connection = rig({ limit: 1 }, false)
      const overflow = new BackpressureError(9)
      const asked = [
        connection.requests.request({ op: 'a' }, { resend: true }),
        connection.requests.request({ op: 'b' }),
      ]
      connection.reopen()
      const { requests } = connection
      asked.push(requests.request({ op: 'turn' }))
      connection.sizes.length = 0
      requests.rejectAll(overflow)
      expect(connection.sizes).to.deep.equal([1])
      expect(await Promise.all(asked.map(standing))).to.deep.equal([overflow, 'pending', overflow])
      expect(connection.ops()).to.deep.equal(['a'])
      await connection.clock.settle()
      expect(connection.ops()).to.deep.equal(['a', 'b'])
    })

    it('reports no change if nothing is rejected', () => {
      const { lobby, sizes } = rig({}, false)
      void lobby.request({})
      lobby.rejectAll(new BackpressureError(9))
      expect(sizes).to.deep.equal([1])
    })
  })

  describe('#withId', () => {
    it('uses the same ID generator', () => {
      const { ids, requests } = rig()
      void requests.request({})
      expect(requests.withId({ type: 'ping' })).to.deep.equal({ type: 'ping', id: 2 })
      void requests.request({})
      expect(ids()).to.deep.equal([1, 3])
    })

    it('leaves a message unchanged if it has an ID or cannot have one', () => {
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

    it('iterates over the replies up to and including the last', async () => {
      const { clock, requests, stats } = rig({ result: (reply) => (reply as { value?: unknown }).value })
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
      expect(stats.unmatched).to.equal(1)
    })

    it('passes replies in order to readers that called first', async () => {
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

    it('is canceled when the loop is left: the handlers receive the rest, and the next request starts', async () => {
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

    it('throws the error that ended it after the replies that arrived, on every later call', async () => {
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

    it('throws an error from the server', async () => {
      const { requests } = rig({ error: (reply) => (reply as { error?: unknown }).error })
      const next = requests.requestMany({}, { isLast }).next()
      requests.take({ id: 1, error: 'no' })
      expect(await rejection(next)).to.be.instanceOf(ReplyError)
    })

    it('throws whatever isLast throws', async () => {
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

    it('drops unread replies when its signal aborts', async () => {
      const { requests } = rig()
      const controller = new AbortController()
      const replies = requests.requestMany({}, { isLast, signal: controller.signal })
      requests.take({ id: 1 })
      controller.abort(new Error('no longer wanted'))
      expect(await rejection(replies.next())).to.have.property('message', 'no longer wanted')
    })

    it('restarts its timeout with each reply', async () => {
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

    it('is canceled if more than highWaterMark replies are unread', async () => {
      const { requests } = rig()
      const replies = requests.requestMany({}, { isLast, highWaterMark: 2 })
      for (let count = 0; count < 3; count += 1) requests.take({ id: 1 })
      expect(requests.size).to.equal(0)
      for (let count = 0; count < 2; count += 1) expect((await replies.next()).done).to.equal(false)
      const error = await rejection(replies.next())
      expect(error).to.be.instanceOf(UnreadRepliesError).and.include({ id: 1, unread: 2 })
    })

    it('keeps up to 1,024 unread replies by default', async () => {
      const { requests } = rig()
      void requests.requestMany({}, { isLast })
      for (let count = 0; count < 1_024; count += 1) requests.take({ id: 1 })
      expect(requests.size).to.equal(1)
      requests.take({ id: 1 })
      expect(requests.size).to.equal(0)
    })

    it('throws a TypeError at the call, like request, and rejects at the first read if it cannot be sent', async () => {
      const { requests } = rig()
      expect(() => requests.requestMany('text', { isLast })).to.throw(TypeError)
      requests.onClosed(CLOSED)
      expect(await rejection(requests.requestMany({}, { isLast }).next())).to.equal(CLOSED)
    })
  })

  describe('in any order of events', () => {
    interface Known {
      readonly op: number
      readonly resend: boolean
      /** Created on a link, or sent on one. */
      isBound: boolean
      wasSent: boolean
      readonly deadline: number
      readonly promise: Promise<unknown>
      readonly controller: AbortController
      state: 'waiting' | 'in flight' | 'answered' | 'lost' | 'late' | 'aborted' | 'closed'
      id?: number
    }
    const LIMIT = 3

    /** A model of all requests: the state of each, in the order of the calls, and the messages that must have been sent. */
    class Model {
      readonly all: Known[] = []
      readonly expected: number[] = []
      line: Known[] = []
      /** In the order of sending. */
      underWay: Known[] = []
      isReady = false
      count = 0

      pump(): void {
        while (this.isReady && this.line[0] && this.underWay.length < LIMIT) {
          const known = this.line.shift()!
          this.count += 1
          known.state = 'in flight'
          known.isBound = true
          known.wasSent = true
          known.id = this.count
          this.underWay.push(known)
          this.expected.push(known.op)
        }
      }

      end(known: Known, state: Known['state']): void {
        known.state = state
        this.line = this.line.filter((each) => each !== known)
        this.underWay = this.underWay.filter((each) => each !== known)
      }

      lose(): void {
        const all = [...this.underWay, ...this.line]
        const left = all.filter(({ isBound, resend }) => resend || !isBound)
        for (const known of all) known.state = left.includes(known) ? 'waiting' : 'lost'
        this.underWay = []
        this.line = [...left.filter(({ wasSent }) => wasSent), ...left.filter(({ wasSent }) => !wasSent)]
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

    it('settle each request once as the model predicts, in order, within the limit, and release everything', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(command, { maxLength: 60 }), async (commands) => {
          const it = rig({ limit: LIMIT }, false)
          const { clock, lose, lobby, ops, reopen, sent, sizes, stats } = it
          const model = new Model()
          let strays = 0
          const check = (): void => {
            const pending = model.line.length + model.underWay.length
            expect(it.requests.size).to.equal(pending)
            expect(sizes.at(-1) ?? 0).to.equal(pending)
            expect(ops()).to.deep.equal(model.expected)
            expect(stats.unmatched).to.equal(strays)
            expect(clock.timers > 0).to.equal(pending > 0)
          }
          for (const each of commands) {
            if (each.kind === 'ask') {
              const op = model.all.length
              const controller = new AbortController()
              const { signal } = controller
              // No two at the same time, because their order is not guaranteed.
              const deadlines = model.all.map(({ deadline }) => deadline)
              let { timeout } = each
              while (deadlines.includes(clock.now() + timeout)) timeout += 1
              const promise = it.requests.request({ op }, { resend: each.resend, timeout, signal })
              const deadline = clock.now() + timeout
              const known: Known = {
                op,
                resend: each.resend,
                isBound: model.isReady,
                wasSent: false,
                deadline,
                promise,
                controller,
                state: 'waiting',
              }
              model.all.push(known)
              model.line.push(known)
            } else if (each.kind === 'reply') {
              const known = model.underWay[each.nth]
              if (!known) continue
              expect(it.requests.take({ id: known.id, op: known.op })).to.equal(true)
              model.end(known, 'answered')
              model.pump()
              expect(it.requests.take({ id: known.id, op: 'again' })).to.equal(false)
              strays += 1
            } else if (each.kind === 'stray') {
              expect(it.requests.take({ id: each.id })).to.equal(false)
              strays += 1
            } else if (each.kind === 'abort') {
              const known = [...model.line, ...model.underWay][each.nth]
              if (!known) continue
              known.controller.abort(new Error('aborted'))
              model.end(known, 'aborted')
            } else if (each.kind === 'advance') {
              const until = clock.now() + each.by
              for (let now = clock.now() + 1; now <= until; now += 1) {
                for (const known of model.all) {
                  if (known.deadline !== now || !['waiting', 'in flight'].includes(known.state)) continue
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
          for (const known of [...model.line, ...model.underWay]) model.end(known, 'closed')
          it.requests.onClosed(CLOSED)
          expect(lobby.size).to.equal(0)
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
