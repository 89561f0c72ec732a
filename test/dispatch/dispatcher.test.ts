import { expect } from 'chai'
import { OnError, OnMessage } from 'holdfast'
import type { ErrorContext } from 'holdfast'
import { DecodeError } from '#src/errors/message-errors.js'
import { dispatcherFor } from '../support/dispatch-rig.js'
import { ready } from '../support/rig.js'

class Noting {
  readonly contexts: ErrorContext[] = []
  @OnMessage('hang') hang(): Promise<void> {
    return new Promise(() => undefined)
  }
  @OnError() failed(_error: Error, context: ErrorContext): void {
    this.contexts.push(context)
  }
}

describe('Dispatcher', () => {
  it('reports a connection failure with the unbound connection, and counts it as one failure by default', () => {
    const instance = new Noting()
    const { dispatcher, connection } = dispatcherFor(instance)
    const { signal } = new AbortController()
    const failure = {
      error: new Error('refused'),
      stage: 'connect',
      fatal: true,
      consequence: '',
      signal,
    } as const
    void dispatcher.onError(failure)
    void dispatcher.onError({ ...failure, count: 3 })
    expect(instance.contexts.map(({ count }) => count)).to.deep.equal([1, 3])
    expect(instance.contexts[0]).to.include({ connection, signal, stage: 'connect', fatal: true })
  })

  it('leaves no timer running when the connection is closed, even if handlers or failures are pending', () => {
    const { dispatcher, clock, open } = dispatcherFor(new Noting())
    const { receive, receiveAs } = open()
    receiveAs('undecodable', new DecodeError('{', new Error('odd')))
    receive({ type: 'hang' })
    expect(clock.timers).to.equal(2)
    dispatcher.onStateChange({ status: 'closed', close: {} as never })
    expect(clock.timers).to.equal(0)
  })

  it('starts no timer for failures that occur after the connection is closed', () => {
    const { dispatcher, clock, open } = dispatcherFor(new Noting())
    dispatcher.onStateChange({ status: 'closed', close: {} as never })
    open().receiveAs('undecodable', new DecodeError('{', new Error('odd')))
    expect(clock.timers).to.equal(0)
  })

  it('calls @OnStateChange for each transition, one at a time', async () => {
    const begun: string[] = []
    const releases: (() => void)[] = []
    const { client, clock } = await ready(
      {},
      {
        state: ({ status }) => {
          begun.push(status)
          return new Promise<void>((resolve) => releases.push(resolve))
        },
      },
    )
    void client.connection.close()
    const states = ['opening', 'open', 'closing', 'closed']
    for (const count of [1, 2, 3, 4]) {
      await clock.settle()
      expect(begun).to.deep.equal(states.slice(0, count))
      releases.shift()?.()
    }
  })

  it('reports an @OnStateChange handler that throws or rejects, and continues', async () => {
    const { client, witness } = await ready(
      {},
      {
        state: ({ status }) => {
          if (status === 'open') throw new Error('now')
          return Promise.reject(new Error('later'))
        },
      },
    )
    await client.close()
    expect(witness.errors.map(({ error, context }) => [context.stage, error.message])).to.deep.equal([
      ['handle', 'later'],
      ['handle', 'now'],
      ['handle', 'later'],
      ['handle', 'later'],
    ])
  })
})
