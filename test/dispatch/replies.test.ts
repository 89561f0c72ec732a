import { getEventListeners } from 'node:events'
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import { ConnectionLostError, EncodeError, MessageDroppedError } from 'holdfast'
import { jsonCodec } from 'holdfast/codecs'
import type { Stage } from 'holdfast'
import type { Handler } from '#src/annotations/handler-table.js'
import { describeValue } from '#src/core/describe-value.js'
import { RESOLVED, deferred } from '#src/core/deferred.js'
import type { Deferred } from '#src/core/deferred.js'
import type { Miss } from '#src/link/link-port.js'
import { NoReplies, Replies } from '#src/dispatch/replies.js'
import type { RepliesDispatch } from '#src/dispatch/replies.js'
import { Invoker } from '#src/dispatch/invoker.js'

const HANDLER: Handler = { method: 'tick', name: 'Ticker#tick', event: 'message', decorator: '@OnMessage()' }

const MESSAGE = {
  kind: 'message',
  value: 'event',
  raw: '',
  receivedAt: 0,
  size: 0,
  handlers: { receive() {}, run() {}, onConflated() {}, onKeyError() {} },
} as const

interface Failed {
  readonly error: Error
  readonly stage: Stage
  readonly handler: Handler | undefined
  readonly event: unknown
}

/** A call of a handler on a link that records sends. The test decides when the link is lost. */
function rig(tick: (event: unknown, context: unknown) => unknown, Made = Replies) {
  const sent: (string | Uint8Array)[] = []
  const failures: Failed[] = []
  const misses: Miss[] = []
  const warned: string[] = []
  const controller = new AbortController()
  const link = {
    number: 1,
    codec: jsonCodec,
    signal: controller.signal,
    isOpen: true,
    get refusal(): ConnectionLostError | undefined {
      return link.isOpen ? undefined : new ConnectionLostError('It is gone', 1006, '')
    },
    flow: RESOLVED,
    send(data: string | Uint8Array): Promise<void> {
      if (link.refusal) throw link.refusal
      sent.push(data)
      return link.flow
    },
    readCounter: { add() {}, remove() {} },
    count: (miss: Miss) => void misses.push(miss),
  }
  const invoker = new Invoker({ tick })
  const dispatch: RepliesDispatch = {
    invoker,
    onCatchAllReply: ({ name }: Handler) => void warned.push(name),
  }
  const call = new Made(dispatch, link, {
    fail: (error, stage, handler, event) => void failures.push({ error, stage, handler, event }),
    onHandled: () => undefined,
  })
  /** Returns a promise that settles at the end, if there is anything to wait for. */
  const run = (handler = HANDLER): Promise<void> | undefined => {
    const running = call.settle(invoker.call(handler, 'event', 'context'), handler, MESSAGE, 'event')
    if (!running) return undefined
    expect(running.name).to.equal(HANDLER.name)
    return new Promise((resolve) => running.hold({ onSettled: () => resolve() }))
  }
  const lose = (): void => {
    link.isOpen = false
    controller.abort()
  }
  return { call, failures, invoker, link, misses, run, sent, lose, warned }
}

/** Runs all pending promise callbacks. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

function* numbers(): Generator {
  yield 1
}

async function* stream(...items: readonly unknown[]): AsyncGenerator {
  for (const item of items) yield await Promise.resolve(item)
}

describe('Replies', () => {
  describe('#settle', () => {
    for (const value of [undefined, null]) {
      it(`sends nothing for ${value}, and has nothing to wait for`, () => {
        const { run, sent } = rig(() => value)
        expect(run()).to.equal(undefined)
        expect(sent).to.deep.equal([])
      })

      it(`sends nothing for a promise of ${value}`, async () => {
        const { run, sent } = rig(() => Promise.resolve(value))
        await run()
        expect(sent).to.deep.equal([])
      })
    }

    it('sends a value through the codec immediately', () => {
      const { run, sent } = rig(() => ({ type: 'pong' }))
      expect(run()).to.equal(undefined)
      expect(sent).to.deep.equal(['{"type":"pong"}'])
    })

    it('sends a string through the codec', () => {
      const { run, sent } = rig(() => 'pong')
      void run()
      expect(sent).to.deep.equal(['"pong"'])
    })

    it('sends bytes unchanged', () => {
      for (const bytes of [new Uint8Array([1, 2]), Buffer.from('x')]) {
        const { run, sent } = rig(() => bytes)
        void run()
        expect(sent[0]).to.equal(bytes)
      }
      const { run, sent } = rig(() => new Uint8Array([1, 2]).buffer)
      void run()
      expect(sent[0]).to.deep.equal(new Uint8Array([1, 2]))
    })

    it('sends the value that a promise resolves with', async () => {
      const { run, sent } = rig(() => Promise.resolve({ type: 'pong' }))
      await run()
      expect(sent).to.deep.equal(['{"type":"pong"}'])
    })

    it('sends an object through the codec even if it has a next property but is not an iterator', () => {
      for (const message of [{ next: 5 }, { next: 'page', list: [1] }, [1, 2], new Date(0)]) {
        const { run, sent } = rig(() => message)
        void run()
        expect(sent).to.deep.equal([JSON.stringify(message)])
      }
    })

    it('sends the value that any thenable resolves with', async () => {
      const { run, sent } = rig(() => ({ then: (resolve: (value: unknown) => void) => resolve([1]) }))
      await run()
      expect(sent).to.deep.equal(['[1]'])
    })

    it('waits for flow control, holding the slot until the link is writable', async () => {
      const { run, link } = rig(() => ({ type: 'pong' }))
      const flow: Deferred<void> = deferred()
      link.flow = flow.promise
      let isOver = false
      const running = Promise.resolve(run()).then(() => (isOver = true))
      await settle()
      expect(isOver).to.equal(false)
      flow.resolve()
      await running
    })

    it('reports a handler that rejects', async () => {
      const error = new RangeError('odd')
      const { run, failures } = rig(() => Promise.reject(error))
      await run()
      expect(failures).to.deep.equal([{ error, stage: 'handle', handler: HANDLER, event: 'event' }])
    })

    it('reports a rejection with a non-Error value as an error', async () => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- users do this
      const rejected = rig(() => Promise.reject('just text'))
      await rejected.run()
      const [failed] = rejected.failures
      expect(failed?.error).to.be.instanceOf(Error).with.property('cause', 'just text')
    })

    it('does not wait for a handler that calls close() in its synchronous part, but still reports its failure', async () => {
      const error = new RangeError('odd')
      const { run, invoker, failures }: ReturnType<typeof rig> = rig(() => {
        invoker.release()
        return Promise.reject(error)
      })
      expect(run()).to.equal(undefined)
      await settle()
      expect(failures.map(({ stage }) => stage)).to.deep.equal(['handle'])
    })
  })

  describe('accidental return values', () => {
    class OrderError extends Error {
      override name = 'OrderError'
    }
    const rows: [unknown, string, string?][] = [
      [new OrderError('no'), 'an instance of OrderError', 'Throw it'],
      [new DOMException('no'), 'an instance of DOMException', 'Throw it'],
      [runInNewContext('new RangeError("no")'), 'an instance of RangeError', 'Throw it'],
      [new Response('{}'), 'an instance of Response', 'Return its content: await response.json()'],
      [5, 'a number'],
      [true, 'a boolean'],
      [5n, 'a bigint'],
      [Symbol('s'), 'a symbol'],
      [new Map(), 'an instance of Map'],
      [new Set(), 'an instance of Set'],
      [() => {}, 'a function'],
      [numbers(), 'an instance of Generator'],
      // Iterators have a class since Node 22.
      [[1].values(), 'Iterator' in globalThis ? 'an instance of Iterator' : 'an instance of Array Iterator'],
    ]
    const MESSAGES = 'Return a message, an async iterable of messages, or nothing'
    for (const [value, told, fix = MESSAGES] of rows) {
      it(`reports ${told} and sends nothing`, async () => {
        const direct = rig(() => value)
        void direct.run()
        const promised = rig(() => Promise.resolve(value))
        await promised.run()
        for (const { failures, sent } of [direct, promised]) {
          expect(sent).to.deep.equal([])
          expect(failures[0]).to.deep.include({ stage: 'encode', handler: HANDLER, event: 'event' })
          expect(failures[0]?.error).to.be.instanceOf(EncodeError)
          expect(failures[0]?.error.message).to.equal(
            `Ticker#tick returned ${told}, which cannot be sent. ${fix}`,
          )
        }
      })
    }

    it('keeps a returned error as the cause', () => {
      const error = new RangeError('odd')
      const { run, failures } = rig(() => error)
      void run()
      expect(failures[0]?.error.cause).to.equal(error)
    })

    it('reports each object that a catch-all handler returns to the dispatcher, and sends it', async () => {
      const handler = { ...HANDLER, isCatchAll: true }
      const rest = rig(() => ({ type: 'pong' }))
      void rest.run(handler)
      const later = rig(() => Promise.resolve([1]))
      await later.run(handler)
      expect([...rest.warned, ...later.warned]).to.deep.equal(['Ticker#tick', 'Ticker#tick'])
      expect([...rest.sent, ...later.sent]).to.deep.equal(['{"type":"pong"}', '[1]'])
    })

    it('does not report text, bytes, nothing, or return values of a handler with a key', () => {
      for (const value of ['pong', new Uint8Array(1), undefined]) {
        const { run, warned } = rig(() => value)
        void run({ ...HANDLER, isCatchAll: true })
        expect(warned).to.deep.equal([])
      }
      const { run, warned } = rig(() => ({ type: 'pong' }))
      void run()
      expect(warned).to.deep.equal([])
    })

    it('reports values that the codec cannot encode', () => {
      const { run, failures, sent } = rig(() => ({ big: 1n }))
      void run()
      expect(sent).to.deep.equal([])
      expect(failures[0]).to.have.property('stage', 'encode')
      expect(failures[0]?.error).to.be.instanceOf(EncodeError)
    })
  })

  describe('NoReplies', () => {
    for (const value of [{ type: 'pong' }, 5, new Error('no'), new Map(), new Uint8Array(1), stream(1)]) {
      it(`sends nothing and reports nothing for ${describeValue(value)}`, async () => {
        const direct = rig(() => value, NoReplies)
        expect(direct.run()).to.equal(undefined)
        const promised = rig(() => Promise.resolve(value), NoReplies)
        await promised.run()
        await direct.call.replyInFull(value, HANDLER, 'event', 'close')
        await settle()
        for (const { failures, sent } of [direct, promised]) expect([...failures, ...sent]).to.deep.equal([])
      })
    }

    it('still waits for a promise, and reports it if it rejects', async () => {
      const error = new RangeError('odd')
      const { run, failures } = rig(() => Promise.reject(error), NoReplies)
      await run()
      expect(failures).to.deep.equal([{ error, stage: 'handle', handler: HANDLER, event: 'event' }])
    })
  })

  describe('a reply for a lost link', () => {
    it('is reported with the stage send', () => {
      const { run, failures, lose, misses } = rig(() => ({ type: 'pong' }))
      lose()
      expect(run()).to.equal(undefined)
      expect(failures[0]).to.deep.include({ stage: 'send', handler: HANDLER, event: 'event' })
      expect(failures[0]?.error)
        .to.be.instanceOf(MessageDroppedError)
        .and.to.deep.include({ reason: 'gone', messages: [{ type: 'pong' }] })
      expect(failures[0]?.error.cause).to.be.instanceOf(ConnectionLostError)
      expect(misses).to.deep.equal(['dropped'])
    })

    it('is also reported if the handler is asynchronous', async () => {
      const reply = deferred<unknown>()
      const { run, failures, lose, sent } = rig(() => reply.promise)
      const running = run()
      lose()
      reply.resolve({ type: 'pong' })
      await running
      expect(sent).to.deep.equal([])
      expect(failures.map(({ stage }) => stage)).to.deep.equal(['send'])
    })

    it('is not reported if the handler returns nothing', () => {
      const { run, failures, lose } = rig(() => undefined)
      lose()
      void run()
      expect(failures).to.deep.equal([])
    })
  })

  describe('streams', () => {
    it('are sent item by item, in order, and free the slot immediately', async () => {
      const { run, sent } = rig(() => stream({ n: 1 }, null, 'two', new Uint8Array([3]), undefined))
      expect(run()).to.equal(undefined)
      await settle()
      expect(sent).to.deep.equal(['{"n":1}', '"two"', new Uint8Array([3])])
    })

    it('can be returned as a promise', async () => {
      const { run, sent } = rig(() => Promise.resolve(stream(['a'])))
      await run()
      await settle()
      expect(sent).to.deep.equal(['["a"]'])
    })

    it('wait until the link is writable before they request the next item', async () => {
      const asked: number[] = []
      async function* numbers(): AsyncGenerator {
        for (let index = 1; index <= 3; index += 1) {
          asked.push(index)
          yield { index }
        }
      }
      const { run, link } = rig(() => numbers())
      const flow: Deferred<void> = deferred()
      link.flow = flow.promise
      void run()
      await settle()
      expect(asked).to.deep.equal([1])
      flow.resolve()
      await settle()
      expect(asked).to.deep.equal([1, 2, 3])
    })

    it('end when the link is lost: the next item is reported, and the iterator is closed', async () => {
      let isClosed = false
      const gate: Deferred<void> = deferred()
      async function* endless(): AsyncGenerator {
        try {
          yield { n: 1 }
          await gate.promise
          for (;;) yield { n: 2 }
        } finally {
          isClosed = true
        }
      }
      const { run, failures, lose, sent } = rig(() => endless())
      void run()
      await settle()
      lose()
      gate.resolve()
      await settle()
      expect(sent).to.deep.equal(['{"n":1}'])
      expect(failures.map(({ stage }) => stage)).to.deep.equal(['send'])
      expect(isClosed).to.equal(true)
    })

    it('are closed when the link is lost, even while they wait for their next item', async () => {
      const notes: string[] = []
      const waiting: AsyncIterator<unknown> = {
        next: () => new Promise(() => undefined),
        return: () => {
          notes.push('closed')
          return Promise.reject(new RangeError('closing failed'))
        },
      }
      const { run, failures, lose } = rig(() => ({ [Symbol.asyncIterator]: () => waiting }))
      void run()
      await settle()
      expect(notes).to.deep.equal([])
      lose()
      await settle()
      expect(notes).to.deep.equal(['closed'])
      expect(failures.map(({ error, stage }) => [error.message, stage])).to.deep.equal([
        ['closing failed', 'handle'],
      ])
    })

    it('are closed once, even if the link is lost while sending an item', async () => {
      const notes: string[] = []
      const items: AsyncIterator<unknown> = {
        next: () => Promise.resolve({ value: { n: 1 } }),
        return: () => {
          notes.push('closed')
          return Promise.resolve({ done: true, value: undefined })
        },
      }
      const { run, link, lose, failures } = rig(() => ({ [Symbol.asyncIterator]: () => items }))
      const flow: Deferred<void> = deferred()
      link.flow = flow.promise
      void run()
      await settle()
      lose()
      flow.resolve()
      await settle()
      expect([notes, failures]).to.deep.equal([['closed'], []])
    })

    it('end with the first item after the link has started to close, even if they are endless', async () => {
      let asked = 0
      async function* endless(): AsyncGenerator {
        for (; asked < 1_000; asked += 1) yield { asked }
      }
      const { run, link, failures, sent } = rig(() => endless())
      const gate: Deferred<void> = deferred()
      link.flow = gate.promise
      void run()
      await settle()
      // The close frame has been sent. The signal aborts when the socket has closed.
      link.isOpen = false
      gate.resolve()
      await settle()
      expect([sent.length, asked, failures.length]).to.deep.equal([1, 0, 0])
      const late = rig(() => endless())
      late.link.send = () => {
        late.link.isOpen = false
        throw new ConnectionLostError('It is gone', 1006, '')
      }
      void late.run()
      await settle()
      expect([asked, late.failures.map(({ stage }) => stage)]).to.deep.equal([0, ['send']])
    })

    it('for a lost link are reported, and closed without requesting an item', async () => {
      const notes: string[] = []
      const items: AsyncIterator<unknown> = {
        next: () => {
          notes.push('asked')
          return new Promise(() => undefined)
        },
        return: () => {
          notes.push('closed')
          return Promise.reject(new RangeError('closing failed'))
        },
      }
      const { run, failures, lose } = rig(() => ({ [Symbol.asyncIterator]: () => items }))
      lose()
      void run()
      await settle()
      expect(notes).to.deep.equal(['closed'])
      expect(failures.map(({ error, stage }) => [error.name, stage])).to.deep.equal([
        ['MessageDroppedError', 'send'],
        ['RangeError', 'handle'],
      ])
    })

    it('leave nothing behind on the link when they end', async () => {
      const { run, link } = rig(() => stream({ n: 1 }))
      void run()
      await settle()
      expect(getEventListeners(link.signal, 'abort')).to.have.length(0)
    })

    it('end without a report if the link is lost while sending an item', async () => {
      const asked: number[] = []
      async function* numbers(): AsyncGenerator {
        for (let index = 1; ; index += 1) {
          asked.push(index)
          yield { index }
        }
      }
      const { run, link, lose, failures } = rig(() => numbers())
      const flow: Deferred<void> = deferred()
      link.flow = flow.promise
      void run()
      await settle()
      lose()
      flow.resolve()
      await settle()
      expect(asked).to.deep.equal([1])
      expect(failures).to.deep.equal([])
    })

    it('report an item that cannot be encoded, and continue', async () => {
      const { run, failures, sent } = rig(() => stream(1, { n: 2 }))
      void run()
      await settle()
      expect(failures.map(({ stage }) => stage)).to.deep.equal(['encode'])
      expect(sent).to.deep.equal(['{"n":2}'])
    })

    it('that throw are reported', async () => {
      const error = new RangeError('odd')
      async function* broken(): AsyncGenerator {
        yield { n: 1 }
        throw error
      }
      const { run, failures, sent } = rig(() => broken())
      void run()
      await settle()
      expect(sent).to.deep.equal(['{"n":1}'])
      expect(failures).to.deep.equal([{ error, stage: 'handle', handler: HANDLER, event: 'event' }])
    })
  })

  describe('#reply', () => {
    it('sends a value without a handler call', () => {
      const { call, sent } = rig(() => undefined)
      expect(call.reply(undefined, HANDLER, undefined)).to.equal(undefined)
      void call.reply({ type: 'hello' }, HANDLER, undefined)
      expect(sent).to.deep.equal(['{"type":"hello"}'])
    })
  })
})
