import { expect } from 'chai'
import { PendingRequest } from '#src/requests/pending-request.js'
import { RequestQueue } from '#src/requests/request-queue.js'

/** A request that can be told apart by its message. */
function request(message: string): PendingRequest {
  return new PendingRequest(message, {}, { intercept: () => true, fail: () => {} }, undefined)
}

/** A queue whose connection can be told whether it can send, and how many requests fit. */
function rig() {
  const sent: unknown[] = []
  const port = {
    isOpen: true,
    limit: Infinity,
    onSend: (): void => {},
    canSend: () => port.isOpen,
    isFull: () => sent.length >= port.limit,
    send: ({ message }: PendingRequest) => {
      sent.push(message)
      port.onSend()
    },
  }
  const queue = new RequestQueue(port)
  const add = (...messages: readonly string[]): PendingRequest[] =>
    messages.map((message) => {
      const each = request(message)
      queue.add(each)
      return each
    })
  return { add, port, queue, sent }
}

describe('RequestQueue', () => {
  describe('#add', () => {
    it('sends nothing by itself', () => {
      const { add, queue, sent } = rig()
      queue.onReady()
      add('a')
      expect(sent).to.deep.equal([])
      expect(queue.hasQueued).to.equal(true)
    })

    it('keeps a request for the next onReady() if the connection cannot send', () => {
      const { add, port, queue, sent } = rig()
      port.isOpen = false
      add('a')
      expect(queue.hasQueued).to.equal(false)
      queue.flush()
      expect(sent).to.deep.equal([])
      port.isOpen = true
      queue.onReady()
      expect(sent).to.deep.equal(['a'])
    })

    it('queues a request of a ready connection, even if that cannot send just now', () => {
      const { add, port, queue, sent } = rig()
      queue.onReady()
      port.isOpen = false
      add('a')
      expect(queue.hasQueued).to.equal(true)
      port.isOpen = true
      queue.flush()
      expect(sent).to.deep.equal(['a'])
    })

    it('queues a request from inside @OnOpen, before onReady()', () => {
      const { add, port, queue, sent } = rig()
      add('from @OnOpen')
      port.isOpen = false
      queue.flush()
      expect(sent).to.deep.equal(['from @OnOpen'])
    })
  })

  describe('#flush', () => {
    it('sends in order, each request once', () => {
      const { add, queue, sent } = rig()
      add('a', 'b', 'c')
      queue.flush()
      queue.flush()
      expect(sent).to.deep.equal(['a', 'b', 'c'])
      expect(queue.hasQueued).to.equal(false)
    })

    it('stops at the limit, and continues when there is room', () => {
      const { add, port, queue, sent } = rig()
      port.limit = 2
      add('a', 'b', 'c')
      queue.flush()
      expect(sent).to.deep.equal(['a', 'b'])
      expect(queue.hasQueued).to.equal(true)
      port.limit = 3
      queue.flush()
      expect(sent).to.deep.equal(['a', 'b', 'c'])
    })

    it('stops while a ready connection cannot send', () => {
      const { add, port, queue, sent } = rig()
      queue.onReady()
      add('a')
      port.isOpen = false
      queue.flush()
      expect(sent).to.deep.equal([])
      port.isOpen = true
      queue.flush()
      expect(sent).to.deep.equal(['a'])
    })

    it('keeps the order if a send adds and flushes', () => {
      const { add, port, queue, sent } = rig()
      add('a', 'b')
      port.onSend = () => {
        port.onSend = () => {}
        add('c')
        queue.flush()
        expect(sent).to.deep.equal(['a'])
      }
      queue.flush()
      expect(sent).to.deep.equal(['a', 'b', 'c'])
    })
  })

  describe('#delete', () => {
    it('removes a request, whatever it waits for', () => {
      const { add, port, queue, sent } = rig()
      const [queued] = add('queued')
      port.isOpen = false
      const [waiting] = add('waiting')
      queue.delete(queued as PendingRequest)
      queue.delete(waiting as PendingRequest)
      port.isOpen = true
      queue.onReady()
      expect(sent).to.deep.equal([])
    })
  })

  describe('#onReady', () => {
    it('sends the requests from @OnOpen first, then those that have waited, in order', () => {
      const { add, port, queue, sent } = rig()
      port.isOpen = false
      add('a', 'b')
      port.isOpen = true
      add('from @OnOpen')
      queue.onReady()
      expect(sent).to.deep.equal(['from @OnOpen', 'a', 'b'])
    })

    it('sends nothing twice when it is called again', () => {
      const { add, port, queue, sent } = rig()
      port.isOpen = false
      add('a')
      port.isOpen = true
      queue.onReady()
      queue.onReady()
      expect(sent).to.deep.equal(['a'])
    })
  })

  describe('#onLost', () => {
    it('keeps what is left for the next connection, requests that were sent before first', () => {
      const { port, queue, sent } = rig()
      queue.onReady()
      const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(request) as [
        PendingRequest,
        PendingRequest,
        PendingRequest,
        PendingRequest,
      ]
      for (const each of [b, d]) each.markSent({ id: 1, key: 1 })
      port.isOpen = false
      queue.onLost([a, b, c, d])
      queue.flush()
      expect(sent).to.deep.equal([])
      port.isOpen = true
      queue.onReady()
      expect(sent).to.deep.equal(['b', 'd', 'a', 'c'])
    })

    it('forgets what is not left', () => {
      const { add, queue, sent } = rig()
      queue.onReady()
      add('queued')
      queue.onLost([])
      expect(queue.hasQueued).to.equal(false)
      queue.onReady()
      expect(sent).to.deep.equal([])
    })
  })

  describe('#onClosed', () => {
    it('queues nothing more for the connection', () => {
      const { add, port, queue } = rig()
      queue.onReady()
      queue.onClosed()
      port.isOpen = false
      add('late')
      expect(queue.hasQueued).to.equal(false)
    })
  })
})
