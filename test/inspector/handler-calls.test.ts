import { expect } from 'chai'
import type { HandlerDiagnostic } from '#src/diagnostics/payloads.js'
import { HandlerCalls } from '#src/inspector/handler-calls.js'

function call(handler = 'Feed#tick'): HandlerDiagnostic {
  return {
    connection: 'Feed#1',
    client: 'Feed',
    class: 'Feed',
    serverAddress: undefined,
    serverPort: undefined,
    connectionNumber: 1,
    handler,
    kind: 'message',
    event: undefined,
  }
}

describe('HandlerCalls', () => {
  it('lists handlers that have never been called', () => {
    const calls = new HandlerCalls()
    calls.describe([{ name: 'Feed#tick', event: "@OnMessage('tick')" }])
    const nothing = { calls: 0, errors: 0, average: null, longest: null }
    expect(calls.rows).to.deep.equal([{ name: 'Feed#tick', event: "@OnMessage('tick')", ...nothing }])
  })

  it('measures calls that return at once', () => {
    const calls = new HandlerCalls()
    for (const duration of [1, 5]) {
      const one = call()
      calls.start(one, 100)
      calls.end(one, 100 + duration)
    }
    expect(calls.rows[0]).to.include({ calls: 2, errors: 0, average: 3, longest: 5 })
  })

  it('measures calls that return a promise until it settles', () => {
    const calls = new HandlerCalls()
    const one = call()
    calls.start(one, 100)
    calls.end(one, 101)
    calls.end(one, 350)
    expect(calls.rows[0]).to.include({ calls: 1, average: 250, longest: 250 })
  })

  it('tells apart calls that overlap', () => {
    const calls = new HandlerCalls()
    const [first, second] = [call(), call()]
    calls.start(first, 0)
    calls.start(second, 10)
    calls.end(first, 20)
    calls.end(second, 40)
    expect(calls.rows[0]).to.include({ calls: 2, average: 25, longest: 30 })
  })

  it('counts errors', () => {
    const calls = new HandlerCalls()
    const one = call()
    calls.start(one, 0)
    calls.fail(one)
    calls.end(one, 1)
    expect(calls.rows[0]).to.include({ calls: 1, errors: 1 })
  })

  it('ignores the end of calls that started before it did', () => {
    const calls = new HandlerCalls()
    const early = call()
    calls.end(early, 1)
    calls.fail(early)
    expect(calls.rows).to.deep.equal([])
  })

  it('replaces the kind of a handler by its decorator, once it is known', () => {
    const calls = new HandlerCalls()
    calls.start(call(), 0)
    expect(calls.takeChanges()[0]).to.include({ event: 'message' })
    calls.describe([{ name: 'Feed#tick', event: '@OnMessage()' }])
    expect(calls.takeChanges()[0]).to.include({ event: '@OnMessage()', calls: 1 })
    calls.describe([{ name: 'Feed#tick', event: '@OnMessage()' }])
    expect(calls.takeChanges()).to.deep.equal([])
  })

  it('counts at most 100 handlers', () => {
    const calls = new HandlerCalls()
    for (let index = 0; index < 1_000; index += 1) calls.start(call(`Feed#${index}`), 0)
    expect(calls.rows).to.have.length(100)
  })
})
