import { expect } from 'chai'
import { InFlightRequests } from '#src/requests/in-flight-requests.js'
import type { PendingRequest } from '#src/requests/pending-request.js'
import { fillInRequests } from '#src/requests/request-options.js'
import type { RequestOptions } from '#src/requests/request-options.js'
import { RequestQueue } from '#src/requests/request-queue.js'
import type { LateRequestPort } from '#src/requests/request-queue.js'
import { SingleRequest } from '#src/requests/single-request.js'
import { rejection } from '../support/rejection.js'
import { FACTS } from '../support/facts.js'

const FAILED = new Error('no')

/** A queue with a link whose ability to send can be set. */
function rig(limit = 2, identifiesLate = false) {
  const sent: unknown[] = []
  const late: { readonly source: unknown; readonly request: LateRequestPort }[] = []
  const port = {
    isOpen: true,
    send: (message: unknown): void => void sent.push((message as { op: string }).op),
    onChange: (): void => {},
  }
  const queue = new RequestQueue(new InFlightRequests(fillInRequests()), limit, {
    facts: { ...FACTS, connection: 'Api#1' },
    send: (message) => port.send(message),
    sendLate: (source, request) => late.push({ source, request }),
    identifiesLate,
    canSend: () => port.isOpen,
    onChange: () => port.onChange(),
    isOpen: () => port.isOpen,
    cancel: undefined,
    onCancelError: () => {},
  })
  const add = (...ops: readonly string[]): SingleRequest[] =>
    ops.map((op) => {
      const request = new SingleRequest({ op }, {}, queue, undefined, true)
      queue.add(request)
      return request
    })
  const opsOf = (requests: readonly PendingRequest[]): string[] =>
    requests.map(({ message }) => (message as { op: string }).op)
  return { add, late, opsOf, port, queue, sent }
}

describe('RequestQueue', () => {
  it('sends nothing before it is flushed, then sends in order up to the limit', () => {
    const { add, opsOf, queue, sent } = rig()
    add('a', 'b', 'c')
    expect(sent).to.deep.equal([])
    expect([queue.size, queue.waitingSize]).to.deep.equal([3, 3])
    queue.flush()
    queue.flush()
    expect(sent).to.deep.equal(['a', 'b'])
    expect([queue.size, queue.waitingSize]).to.deep.equal([3, 1])
    expect(opsOf(queue.all())).to.deep.equal(['a', 'b', 'c'])
    expect(opsOf(queue.waiting())).to.deep.equal(['c'])
  })

  it('sends nothing while the link cannot send', () => {
    const { add, port, queue, sent } = rig()
    port.isOpen = false
    add('a')
    queue.flush()
    expect(sent).to.deep.equal([])
    port.isOpen = true
    queue.flush()
    expect(sent).to.deep.equal(['a'])
  })

  describe('with a function as the message', () => {
    const lateRequest = (
      queue: RequestQueue,
      message: () => unknown,
      options: RequestOptions = {},
    ): SingleRequest => {
      const request = new SingleRequest(message, options, queue, undefined, true)
      queue.add(request)
      queue.flush()
      return request
    }

    it('counts the request as in flight, and adds its ID when the message is created', () => {
      const { add, late, queue, sent } = rig(1)
      const request = lateRequest(queue, () => ({ op: 'late' }))
      add('next')
      queue.flush()
      expect([queue.size, queue.waitingSize]).to.deep.equal([2, 1])
      expect(request).to.include({ id: undefined, wasSent: false, isBound: true })
      const [{ source, request: port } = {}] = late
      expect(port?.identify((source as () => unknown)())).to.deep.equal({ op: 'late', id: 1 })
      expect(request).to.include({ id: 1, wasSent: true })
      queue.end(request)
      queue.flush()
      expect(sent).to.deep.equal(['next'])
    })

    it('rejects the request if the message cannot be created, and sends the next one', async () => {
      const { add, late, queue, sent } = rig(1)
      const request = lateRequest(queue, () => ({}))
      add('next')
      late[0]?.request.fail(FAILED)
      expect(await rejection(request.promise)).to.equal(FAILED)
      expect(sent).to.deep.equal(['next'])
    })

    it('shows whether the request has settled by then', () => {
      const { late, queue } = rig(1)
      const request = lateRequest(queue, () => ({}))
      expect(late[0]?.request.isSettled).to.equal(false)
      queue.end(request)
      expect(late[0]?.request.isSettled).to.equal(true)
      expect(queue.size).to.equal(0)
    })

    it('sends no cancel message for a request that is canceled before that', () => {
      const { late, queue, sent } = rig(1)
      const cancel = (): unknown => ({ op: 'cancel' })
      const [waiting, answered] = [{}, {}].map((made) => lateRequest(queue, () => made, { cancel }))
      expect(late).to.have.length(1)
      if (waiting) queue.abandon(waiting, undefined, false)
      queue.flush()
      expect(sent).to.deep.equal([])
      late[1]?.request.identify({})
      if (answered) queue.abandon(answered, undefined, false)
      expect(sent).to.deep.equal(['cancel'])
    })
  })

  describe('with IDs in the order of sending', () => {
    it('adds an ID when the message is passed to the socket, unless it has its own', () => {
      const { add, late, queue, sent } = rig(2, true)
      const [request] = add('late')
      const own = new SingleRequest({ op: 'own', id: 9 }, {}, queue, { id: 9, key: 9 }, true)
      queue.add(own)
      queue.flush()
      expect(sent).to.deep.equal(['own'])
      expect(request).to.include({ id: undefined, wasSent: false })
      expect(late[0]?.request.identify(late[0].source)).to.deep.equal({ op: 'late', id: 1 })
    })
  })

  it('keeps the order if a send adds and flushes', () => {
    const { add, port, queue, sent } = rig(3)
    const { send } = port
    add('a', 'b')
    port.send = (message) => {
      send(message)
      port.send = send
      add('c')
      queue.flush()
      expect(sent).to.deep.equal(['a'])
    }
    queue.flush()
    expect(sent).to.deep.equal(['a', 'b', 'c'])
  })

  it('rejects a request that cannot be sent, and continues', async () => {
    const { add, port, queue, sent } = rig(1)
    const { send } = port
    port.send = () => {
      port.send = send
      throw FAILED
    }
    const [broken] = add('a', 'b')
    queue.flush()
    expect(await rejection(broken!.promise)).to.equal(FAILED)
    expect(sent).to.deep.equal(['b'])
  })

  it('does not affect a removed request, waiting or in flight', () => {
    const { add, queue, sent } = rig(1)
    const [first, second] = add('a', 'b', 'c')
    queue.remove(second!)
    queue.flush()
    queue.remove(first!)
    queue.flush()
    expect(sent).to.deep.equal(['a', 'c'])
    expect([first!.isSettled, second!.isSettled]).to.deep.equal([false, false])
  })

  it('settles each request once, and sends nothing for it', async () => {
    const { add, queue, sent } = rig(1)
    const [first, second, third] = add('a', 'b', 'c')
    queue.flush()
    queue.fail(first!, FAILED, false)
    queue.fail(first!, new Error('again'), false)
    queue.end(first!)
    queue.failAll([second!], FAILED)
    queue.end(third!)
    for (const each of [first, second]) expect(await rejection(each!.promise)).to.equal(FAILED)
    expect(third!.isSettled).to.equal(true)
    expect(sent).to.deep.equal(['a'])
    expect(queue.size).to.equal(0)
  })

  it('reports each change, and several at once only once', () => {
    const { add, port, queue } = rig()
    const requests = add('a', 'b', 'c')
    const sizes: number[] = []
    port.onChange = () => void sizes.push(queue.size)
    queue.end(requests[0]!)
    queue.failAll(requests.slice(1), FAILED)
    queue.failAll([], FAILED)
    expect(sizes).to.deep.equal([2, 0])
  })
})
