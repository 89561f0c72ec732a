import { AsyncLocalStorage } from 'node:async_hooks'
import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel'
import { expect } from 'chai'
import { traceCall } from '#src/diagnostics/trace-call.js'
import type { HandlerDiagnostic } from '#src/diagnostics/payloads.js'
import { FACTS } from '../support/facts.js'
import { listenTo } from '../support/heard.js'
import { rejection } from '../support/rejection.js'

const ALL = [
  'tracing:holdfast:handler:start',
  'tracing:holdfast:handler:end',
  'tracing:holdfast:handler:asyncStart',
  'tracing:holdfast:handler:asyncEnd',
  'tracing:holdfast:handler:error',
] as const

function trace(run: () => unknown): unknown {
  return traceCall(FACTS, { handler: 'Ticker#tick', kind: 'message', event: 'event' }, run)
}

/** Names of the channels, without their common start. */
function short(channels: readonly string[]): string[] {
  return channels.map((name) => name.slice('tracing:holdfast:handler:'.length))
}

describe('traceCall', () => {
  it('publishes the start and the end of a call, with the same object', () => {
    using heard = listenTo(...ALL)
    expect(trace(() => 5)).to.equal(5)
    expect(short(heard.channels)).to.deep.equal(['start', 'end'])
    const [first, second] = heard.events
    expect(second).to.equal(first)
    expect({ ...first }).to.deep.equal({ ...FACTS, handler: 'Ticker#tick', kind: 'message' })
    expect(first?.event).to.equal('event')
  })

  it('publishes an error between them if the handler throws, and rethrows the error', () => {
    using heard = listenTo(...ALL)
    const thrown = new RangeError('too much')
    expect(() =>
      trace(() => {
        throw thrown
      }),
    ).to.throw(thrown)
    expect(short(heard.channels)).to.deep.equal(['start', 'error', 'end'])
    expect(heard.events[0]?.error).to.include({ name: 'RangeError', message: 'too much' })
  })

  it('publishes when a promise settles, and returns one with the same value', async () => {
    using heard = listenTo(...ALL)
    const result = trace(() => Promise.resolve(5))
    expect(short(heard.channels)).to.deep.equal(['start', 'end'])
    expect(await result).to.equal(5)
    expect(short(heard.channels)).to.deep.equal(['start', 'end', 'asyncStart', 'asyncEnd'])
  })

  it('publishes an error before asyncStart if a promise rejects, and rejects with the same error', async () => {
    using heard = listenTo(...ALL)
    const thrown = new RangeError('too much')
    const result = trace(() => Promise.reject(thrown)) as Promise<unknown>
    expect(await rejection(result)).to.equal(thrown)
    expect(short(heard.channels)).to.deep.equal(['start', 'end', 'error', 'asyncStart', 'asyncEnd'])
  })

  it('calls the method through the function that a subscriber of start has set, and through both of two', () => {
    const order: string[] = []
    const wrap =
      (name: string) =>
      (event: unknown): void => {
        const call = event as HandlerDiagnostic
        const { around = (run) => run() } = call
        call.around = (run) => {
          order.push(name)
          return around(run)
        }
      }
    const [one, two] = [wrap('one'), wrap('two')]
    subscribe(ALL[0], one)
    subscribe(ALL[0], two)
    try {
      expect(trace(() => order.push('run'))).to.equal(3)
    } finally {
      unsubscribe(ALL[0], one)
      unsubscribe(ALL[0], two)
    }
    expect(order).to.deep.equal(['two', 'one', 'run'])
  })

  it('activates the stores that are bound to start, also after an await', async () => {
    const store = new AsyncLocalStorage<string>()
    const start = channel(ALL[0])
    start.bindStore(store, (event) => (event as HandlerDiagnostic).handler)
    try {
      const seen = (await trace(async () => {
        const before = store.getStore()
        await Promise.resolve()
        return [before, store.getStore()]
      })) as unknown[]
      expect(seen).to.deep.equal(['Ticker#tick', 'Ticker#tick'])
    } finally {
      start.unbindStore(store)
    }
  })
})
