import { expect } from 'chai'
import { OnBinary, OnError, OnMessage } from 'holdfast'
import type { ErrorContext, MessageContext } from 'holdfast'
import { deferred } from '#src/core/deferred.js'
import type { Deferred } from '#src/core/deferred.js'
import { DecodeError } from '#src/errors/message-errors.js'
import type { Schema } from '#src/core/schema.js'
import { dispatcherFor } from '../support/dispatch-rig.js'

/** Records received messages. A text message runs until the test ends it. */
class Noting {
  readonly notes: unknown[] = []
  readonly errors: { error: Error; context: ErrorContext }[] = []
  readonly contexts: MessageContext[] = []
  readonly runs = new Map<string, Deferred<unknown>>()

  @OnMessage() any(message: unknown, context: MessageContext): unknown {
    this.notes.push(message)
    this.contexts.push(context)
    if (typeof message !== 'string') return undefined
    const run: Deferred<unknown> = deferred()
    this.runs.set(message, run)
    return run.promise
  }

  @OnBinary() binary(data: unknown): void {
    this.notes.push(data)
  }

  @OnError() failed(error: Error, context: ErrorContext): unknown {
    return this.errors.push({ error, context })
  }
}

function rig(settings: Parameters<typeof dispatcherFor>[1] = {}) {
  const instance = new Noting()
  const made = dispatcherFor(instance, settings)
  const end = async (message: string, result?: unknown): Promise<void> => {
    instance.runs.get(message)?.resolve(result)
    await made.clock.settle()
  }
  return { ...made, instance, notes: instance.notes, end }
}

/** Returns true if a promise has settled. */
function watch(promise: Promise<unknown>): { isSettled: boolean } {
  const watched = { isSettled: false }
  void promise.then(() => (watched.isSettled = true))
  return watched
}

/** Returns the files and functions that a message passes through, those of the user and of Holdfast, with the method last. */
function wayOf(stack: string): { readonly files: readonly string[]; readonly frames: readonly string[] } {
  const lines = stack
    .split('\n')
    .slice(1)
    .map((line) => /at (?<name>\S+) .*?(?<file>[^/]+):\d+:\d+\)?$/.exec(line)?.groups)
  const frames = lines.map((groups) => groups?.['name'] ?? '')
  const last = frames.findIndex((name) => name.endsWith('.receiveAs'))
  const files = lines.slice(0, last).map((groups) => groups?.['file'] ?? '')
  return { files: [...new Set(files)], frames: frames.slice(0, last) }
}

describe('MessageSession', () => {
  describe('before it is ready', () => {
    it('holds messages, and passes them on in order once it is ready', () => {
      const { notes, open } = rig()
      const { handlers, receive, receiveAs } = open({ isReady: false })
      receive(1, 2)
      receiveAs('binary', 'bytes')
      expect(notes).to.deep.equal([])
      handlers.onReady()
      receive(3)
      expect(notes).to.deep.equal([1, 2, 'bytes', 3])
    })

    it('does not delay other sessions', () => {
      const { notes, open } = rig()
      const [candidate, current] = [open({ isReady: false }), open()]
      candidate.receive('new')
      current.receive(1)
      expect(notes).to.deep.equal([1])
    })

    it('counts held messages as pending', () => {
      const { open } = rig()
      const { handlers, link, receive } = open({ isReady: false })
      receive(1, 2)
      expect(link.pending).to.equal(2)
      handlers.onReady()
      expect(link.pending).to.equal(0)
    })
  })

  describe('#takeEarly', () => {
    it('returns the oldest matching message, which no handler receives', () => {
      const { notes, open } = rig()
      const { handlers, link, receive } = open({ isReady: false })
      receive({ n: 1 }, { n: 2 }, { n: 2, isSecond: true }, { n: 3 })
      const asked: unknown[] = []
      const isTwo = (message: unknown): boolean => {
        asked.push(message)
        return (message as { n: number }).n === 2
      }
      expect(handlers.takeEarly(isTwo)).to.have.deep.property('value', { n: 2 })
      expect(asked).to.deep.equal([{ n: 1 }, { n: 2 }])
      expect(link.pending).to.equal(3)
      expect(handlers.takeEarly(isTwo)).to.have.deep.property('value', { n: 2, isSecond: true })
      expect(handlers.takeEarly(isTwo)).to.equal(undefined)
      handlers.onReady()
      expect(notes).to.deep.equal([{ n: 1 }, { n: 3 }])
    })

    it('distinguishes an undefined message from no message', () => {
      const { open } = rig()
      const { handlers, receive } = open({ isReady: false })
      expect(handlers.takeEarly(() => true)).to.equal(undefined)
      receive(undefined)
      expect(handlers.takeEarly(() => true)).to.have.property('value', undefined)
    })

    it('ignores frames that are not messages', () => {
      const { instance, open } = rig()
      const { handlers, receiveAs } = open({ isReady: false })
      receiveAs('binary', 'bytes')
      receiveAs('undecodable', new DecodeError('{', new Error('odd')))
      expect(handlers.takeEarly(() => true)).to.equal(undefined)
      handlers.onReady()
      expect(instance.notes).to.deep.equal(['bytes'])
      expect(instance.errors).to.have.length(1)
    })

    it('rethrows an error thrown by match, and loses no message', () => {
      const { notes, open } = rig()
      const { handlers, receive } = open({ isReady: false })
      receive(1, 2)
      const odd = (message: unknown): boolean => {
        if (message === 2) throw new RangeError('odd')
        return false
      }
      expect(() => handlers.takeEarly(odd)).to.throw(RangeError)
      handlers.onReady()
      expect(notes).to.deep.equal([1, 2])
    })

    it('returns a message only once, even if match itself consumes it', () => {
      const { open } = rig()
      const { handlers, link, receive } = open({ isReady: false })
      receive(1)
      let inner: unknown
      const outer = handlers.takeEarly(() => {
        inner = handlers.takeEarly(() => true)
        return true
      })
      expect(inner).to.have.property('value', 1)
      expect(outer).to.equal(undefined)
      expect(link.pending).to.equal(0)
    })

    it('does not find messages that have entered the queue', () => {
      const { open } = rig()
      const { handlers, receive } = open()
      receive('running', 1)
      expect(handlers.takeEarly(() => true)).to.equal(undefined)
    })
  })

  describe('in a handover', () => {
    it('shares one queue and its limit with the other session, and handles messages in order of arrival', async () => {
      const { notes, open, end } = rig()
      const [old, candidate] = [open(), open({ isReady: false })]
      old.receive('old 1', 'old 2')
      candidate.receive('new 1')
      candidate.handlers.onReady()
      old.receive('old 3')
      candidate.receive('new 2')
      for (const message of ['old 1', 'old 2', 'new 1', 'old 3']) await end(message)
      expect(notes).to.deep.equal(['old 1', 'old 2', 'new 1', 'old 3', 'new 2'])
    })

    it('keeps the order for each key across both links, and conflates across both', async () => {
      const concurrency = { key: 'k', limit: Infinity, conflate: true }
      const { open, instance, clock } = rig({ concurrency })
      const first: Deferred<void> = deferred()
      instance.any = (message) => {
        instance.notes.push(message)
        return (message as { n: number }).n === 1 ? first.promise : undefined
      }
      const [old, candidate] = [open(), open()]
      old.receive({ k: 'a', n: 1 }, { k: 'a', n: 2 })
      candidate.receive({ k: 'a', n: 3 }, { k: 'b', n: 4 })
      expect(instance.notes).to.deep.equal([
        { k: 'a', n: 1 },
        { k: 'b', n: 4 },
      ])
      expect([old.link.counts, old.link.pending]).to.deep.equal([['conflated'], 1])
      first.resolve()
      await clock.settle()
      expect(instance.notes.at(-1)).to.deep.equal({ k: 'a', n: 3 })
      expect([old.link.pending, candidate.link.pending]).to.deep.equal([0, 0])
    })

    it("sends a reply on the link that the message arrived on, and passes that link's connection to the handler", async () => {
      const { instance, open, end } = rig({ concurrency: 2 })
      const sessions = [open(), open()]
      for (const [index, session] of sessions.entries()) {
        session.receive(`ask ${index}`)
        expect(session.asked()).to.equal(0)
        expect(instance.contexts[index]?.connection).to.equal(session.connection)
      }
      await end('ask 1', { to: 1 })
      await end('ask 0', { to: 0 })
      expect(sessions.map(({ link }) => link.sent)).to.deep.equal([['{"to":0}'], ['{"to":1}']])
    })
  })

  describe('#drained', () => {
    it("resolves when its session's messages have been handled, regardless of the other session", async () => {
      const { open, end, clock } = rig()
      const [session, other] = [open(), open()]
      session.receive('a')
      other.receive('b')
      session.receive('c')
      const drained = watch(session.handlers.drained())
      await end('a')
      await end('b')
      expect(drained.isSettled).to.equal(false)
      other.receive('d')
      await end('c')
      expect(drained.isSettled).to.equal(true)
      const again = watch(session.handlers.drained())
      await clock.settle()
      expect(again.isSettled).to.equal(true)
    })

    it('waits for early messages, and resolves when they are discarded', async () => {
      const { open, clock } = rig()
      const { handlers, receive } = open({ isReady: false })
      receive(1)
      const drained = watch(handlers.drained())
      await clock.settle()
      expect(drained.isSettled).to.equal(false)
      expect(handlers.discard()).to.deep.equal({ unhandled: 1, running: [] })
      await clock.settle()
      expect(drained.isSettled).to.equal(true)
    })

    it('also waits for the handler that calls it', async () => {
      const { instance, open, clock } = rig()
      const { handlers, receive } = open()
      const order: string[] = []
      instance.any = () => {
        void handlers.drained().then(() => order.push('drained'))
        order.push('over')
      }
      receive(1)
      await clock.settle()
      expect(order).to.deep.equal(['over', 'drained'])
    })

    it('waits for an asynchronous @OnError after any failure', async () => {
      const told: Deferred<void> = deferred()
      class Failing extends Noting {
        @OnMessage('bad') bad(): never {
          throw new Error('bad')
        }
        @OnError() override failed(): Promise<void> {
          return told.promise
        }
      }
      const route = (message: unknown): unknown => {
        if (message === 'odd') throw new Error('odd')
        return (message as { type: unknown }).type
      }
      for (const message of [{ type: 'bad' }, 'odd', undefined]) {
        const { open, clock } = dispatcherFor(new Failing(), { route })
        const { handlers, receive, receiveAs } = open()
        if (message === undefined) receiveAs('undecodable', new DecodeError('{', new Error('odd')))
        else receive(message)
        const drained = watch(handlers.drained())
        await clock.settle()
        expect(drained.isSettled).to.equal(false)
        expect(handlers.discard().running).to.deep.equal(['@OnError'])
      }
    })
  })

  describe('#discard', () => {
    it("removes its session's waiting messages, and keeps the order of the rest", async () => {
      const { notes, open, end } = rig()
      const [session, other] = [open(), open()]
      other.receive('running')
      session.receive(1)
      other.receive(2)
      session.receive(3)
      other.receive(4)
      expect(session.handlers.discard()).to.deep.equal({ unhandled: 2, running: [] })
      expect(session.link.pending).to.equal(0)
      await end('running')
      expect(notes).to.deep.equal(['running', 2, 4])
      expect(other.link.pending).to.equal(0)
    })

    it("releases its handlers' slots, returns their names, and does not count their later results", async () => {
      const { notes, open, end } = rig()
      const [session, other] = [open(), open()]
      session.receive('stuck', 'left')
      other.receive('next')
      expect(session.handlers.discard()).to.deep.equal({ unhandled: 1, running: ['Noting#any'] })
      expect(notes).to.deep.equal(['stuck', 'next'])
      expect(session.handlers.discard()).to.deep.equal({ unhandled: 0, running: [] })
      await end('stuck', { late: true })
      expect(session.link.sent).to.deep.equal(['{"late":true}'])
      expect(session.link.pending).to.equal(0)
      other.receive('last')
      expect(notes).to.deep.equal(['stuck', 'next'])
      await end('next')
      expect(notes).to.deep.equal(['stuck', 'next', 'last'])
    })

    it('does not start a handler whose schema is still running', async () => {
      const answer: Deferred<{ value: unknown }> = deferred()
      const schema: Schema = {
        '~standard': { version: 1, vendor: 'slow', validate: () => answer.promise },
      }
      class Slow extends Noting {
        @OnMessage('slow', schema) slow(message: unknown): void {
          this.notes.push(message)
        }
      }
      const instance = new Slow()
      const { open, clock } = dispatcherFor(instance)
      const { handlers, receive } = open()
      receive({ type: 'slow' })
      expect(handlers.discard()).to.deep.equal({ unhandled: 0, running: ['The schema of Slow#slow'] })
      answer.resolve({ value: 'late' })
      await clock.settle()
      expect(instance.notes).to.deep.equal([])
    })

    it('discards a message while the error of its key function is being handled', async () => {
      const told: Deferred<void> = deferred()
      class Telling extends Noting {
        @OnError() override failed(): Promise<void> {
          return told.promise
        }
      }
      const key = (): never => {
        throw new Error('odd')
      }
      const instance = new Telling()
      const { open, clock } = dispatcherFor(instance, { concurrency: { key, limit: 1, conflate: false } })
      const { handlers, receive } = open()
      receive(1)
      expect(handlers.discard()).to.deep.equal({ unhandled: 0, running: ['@OnError'] })
      told.resolve()
      await clock.settle()
      expect(instance.notes).to.deep.equal([])
    })
  })

  describe('an asynchronous handler', () => {
    it('is named after 30 s, counted separately from its schema', async () => {
      const answer: Deferred<{ value: unknown }> = deferred()
      const schema: Schema = {
        '~standard': { version: 1, vendor: 'slow', validate: () => answer.promise },
      }
      class Slow {
        @OnMessage('slow', schema) slow(): Promise<void> {
          return new Promise(() => undefined)
        }
      }
      const { open, clock, logger } = dispatcherFor(new Slow())
      const { receive } = open()
      receive({ type: 'slow' })
      await clock.advance(30_000)
      expect(logger.lines.map((line) => line.slice(0, 31))).to.deep.equal(['warn The schema of Slow#slow ha'])
      answer.resolve({ value: 1 })
      await clock.advance(34_999)
      expect(logger.lines).to.have.length(1)
      await clock.advance(1)
      expect(logger.lines.at(-1)).to.match(/^warn Slow#slow has been running for 30 s/)
    })

    it('holds its slot until its schema and the handler itself have settled', async () => {
      const answer: Deferred<{ value: unknown }> = deferred()
      const schema: Schema = {
        '~standard': { version: 1, vendor: 'slow', validate: () => answer.promise },
      }
      class Slow extends Noting {
        @OnMessage('slow', schema) slow(message: unknown): unknown {
          return this.any(message, {} as MessageContext)
        }
      }
      const instance = new Slow()
      const { open, clock } = dispatcherFor(instance)
      const { link, receive } = open()
      receive({ type: 'slow' }, { n: 2 })
      answer.resolve({ value: 'text' })
      await clock.settle()
      expect(instance.notes).to.deep.equal(['text'])
      instance.runs.get('text')?.resolve(undefined)
      await clock.settle()
      expect(instance.notes).to.deep.equal(['text', { n: 2 }])
      expect(link.pending).to.equal(0)
    })
  })

  describe('a handler that throws', () => {
    it('is reported with its message, and frees its slot for the next message', () => {
      const error = new RangeError('odd')
      class Throwing extends Noting {
        @OnMessage('bad') bad(): never {
          throw error
        }
        @OnMessage('text') text(): never {
          throw 'just text'
        }
      }
      const instance = new Throwing()
      const { link, receive } = dispatcherFor(instance).open()
      receive({ type: 'bad' }, { type: 'text' }, 1)
      expect(instance.errors[0]?.error).to.equal(error)
      expect(instance.errors[0]?.context).to.deep.include({
        stage: 'handle',
        fatal: false,
        handler: 'Throwing#bad',
        message: { type: 'bad' },
        count: 1,
      })
      expect(instance.errors[1]?.error).to.have.property('cause', 'just text')
      expect(instance.notes).to.deep.equal([1])
      expect(link.pending).to.equal(0)
    })
  })

  describe('repeated failures', () => {
    const broken = (): DecodeError => new DecodeError('{', new Error('odd'))

    it('to decode messages are reported immediately, then once a second with a count', async () => {
      const { instance, open, clock } = rig()
      const { receiveAs } = open()
      for (let count = 0; count < 1_000; count += 1) receiveAs('undecodable', broken())
      expect(instance.errors.map(({ context }) => context.count)).to.deep.equal([1])
      await clock.advance(1_000)
      expect(instance.errors.map(({ context }) => context.count)).to.deep.equal([1, 999])
    })

    it("are grouped for handlers that reject with their signal's reason, but not for others", async () => {
      const { instance, open, clock } = rig({ concurrency: Infinity })
      const session = open()
      const reason = new Error('the link is lost')
      const others: Error[] = []
      for (let n = 0; n < 5; n += 1) session.receive(`waits ${n}`)
      session.link.lose(reason)
      for (const [name, run] of instance.runs) {
        const isOther = name === 'waits 1' || name === 'waits 3'
        const error = isOther ? new Error(name) : reason
        if (isOther) others.push(error)
        run.reject(error)
      }
      await clock.settle()
      expect(instance.errors.map(({ error }) => error)).to.deep.equal([reason, ...others])
      await clock.advance(1_000)
      expect(instance.errors.map(({ context }) => context.count)).to.deep.equal([1, 1, 1, 2])
      expect(instance.errors.at(-1)?.error).to.equal(reason)
    })

    it("are also grouped if the signal's reason is the cause, as in Node's AbortErrors", async () => {
      const { instance, open, clock } = rig({ concurrency: Infinity })
      const session = open()
      session.receive('a', 'b')
      const reason = new Error('the link is lost')
      session.link.lose(reason)
      for (const run of instance.runs.values()) run.reject(new Error('aborted', { cause: reason }))
      await clock.settle()
      expect(instance.errors).to.have.length(1)
    })

    it('are reported individually if the signal has not aborted', async () => {
      const { instance, open, clock } = rig({ concurrency: Infinity })
      open().receive('a', 'b')
      const error = new Error('odd')
      for (const run of instance.runs.values()) run.reject(error)
      await clock.settle()
      expect(instance.errors.map(({ context }) => context.count)).to.deep.equal([1, 1])
    })

    it('are reported before @OnClose, and leave no timer running when the connection is closed', async () => {
      const { dispatcher, instance, open, clock } = rig()
      const { handlers, receiveAs } = open()
      for (let count = 0; count < 3; count += 1) receiveAs('undecodable', broken())
      const close = { connectionNumber: 1, initiator: 'local' } as never
      await handlers.onClose(close)
      expect(instance.errors.map(({ context }) => context.count)).to.deep.equal([1, 2])
      dispatcher.onStateChange({ status: 'closed', close })
      expect(clock.timers).to.equal(0)
      receiveAs('undecodable', broken())
      expect(instance.errors).to.have.length(3)
      expect(clock.timers).to.equal(0)
    })

    it("are reported with their session's connection, which is created on demand", () => {
      const { instance, open } = rig()
      const session = open()
      session.receiveAs('undecodable', broken())
      expect(session.asked()).to.equal(0)
      const [failure] = instance.errors
      expect(failure?.context.connection).to.equal(session.connection)
      expect(failure?.context).to.include({ stage: 'decode', fatal: false, message: 'raw' })
    })
  })

  describe('the path from a message to its handler', () => {
    const limit = Error.stackTraceLimit

    before(() => {
      Error.stackTraceLimit = 100
    })

    after(() => {
      Error.stackTraceLimit = limit
    })

    const schema: Schema = {
      '~standard': { version: 1, vendor: 'any', validate: (value) => ({ value }) },
    }

    class Tracing {
      stack = ''
      @OnMessage() plain(): void {
        this.stack = new Error().stack ?? ''
      }
      @OnMessage('checked', schema) checked(): void {
        this.stack = new Error().stack ?? ''
      }
      @OnBinary() binary(): void {
        this.stack = new Error().stack ?? ''
      }
    }

    for (const [what, kind, value] of [
      ['a message', 'message', {}],
      ['a message with a schema', 'message', { type: 'checked' }],
      ['a binary frame', 'binary', {}],
    ] as const) {
      it(`takes ${what} through three files and four calls to the method`, () => {
        const instance = new Tracing()
        dispatcherFor(instance).open().receiveAs(kind, value)
        const { files, frames } = wayOf(instance.stack)
        expect(frames.slice(1)).to.deep.equal([
          'Invoker.call',
          'HandlerSession.run',
          'TaskQueue.push',
          'HandlerSession.receive',
        ])
        expect(files).to.have.length(4)
      })
    }
  })
})
