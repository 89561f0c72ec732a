import { type } from 'arktype'
import { expect } from 'chai'
import { defineProtocol } from 'holdfast'
import type { OnMessageOptions } from 'holdfast'
import * as v from 'valibot'
import * as z from 'zod'
import { handlersOf } from '#src/annotations/handler-table.js'

interface Market {
  toClient: { ticker: { price: number }; 7: object }
}

describe('defineProtocol', () => {
  it('returns decorators that recognize missing parentheses', () => {
    const { client } = defineProtocol<{ toClient: { ticker: unknown } }>()
    const bare = client.OnMessage as unknown as (...args: unknown[]) => unknown
    class Feed {
      tick(): void {}
    }
    const descriptor = Object.getOwnPropertyDescriptor(Feed.prototype, 'tick')
    expect(bare(Feed.prototype, 'tick', descriptor)).to.equal(undefined)
    expect(handlersOf(Feed).mistakes[0]?.fix).to.equal('use @OnMessage()')
  })

  it('returns decorators that have keys but no schemas if the protocol is only a type', () => {
    const market = defineProtocol<Market>()
    class Feed {
      @market.client.OnMessage('ticker') @market.client.OnMessage(7) received(): void {}
    }
    const { table, mistakes } = handlersOf(Feed)
    expect(mistakes).to.deep.equal([])
    expect([...table.messages].map(([key, { method, schema }]) => [key, method, schema])).to.deep.equal([
      [7, 'received', undefined],
      ['ticker', 'received', undefined],
    ])
  })

  it('returns decorators that validate received messages with schemas from any library', () => {
    const toClient = { a: z.object({}), b: v.object({}), 7: type({}) }
    const market = defineProtocol({ toClient })
    class Feed {
      @market.client.OnMessage('a') a(): void {}
      @market.client.OnMessage('b') b(): void {}
      @market.client.OnMessage(7) seven(): void {}
    }
    const { table } = handlersOf(Feed)
    expect([...table.messages].map(([key, { schema }]) => [key, schema])).to.deep.equal([
      ['a', toClient.a],
      ['b', toClient.b],
      [7, toClient[7]],
    ])
  })

  it('passes options to its decorators, with or without a schema', () => {
    const market = defineProtocol({ toClient: { a: z.object({}) } })
    const Any = market.client.OnMessage as (key: string, options: OnMessageOptions) => MethodDecorator
    class Feed {
      @market.client.OnMessage('a', { duringOpen: true }) a(): void {}
      @Any('b', { duringOpen: false }) b(): void {}
    }
    const { messages } = handlersOf(Feed).table
    expect([messages.get('a')?.duringOpen, messages.get('b')?.duringOpen]).to.deep.equal([true, false])
  })

  it('neither validates sent messages nor treats a property of Object.prototype as a message', () => {
    const market = defineProtocol({ toServer: { subscribe: z.object({}) } })
    const Any = market.client.OnMessage as (key: string) => MethodDecorator
    class Feed {
      @Any('subscribe') subscribe(): void {}
      @Any('constructor') constructed(): void {}
      @Any('__proto__') proto(): void {}
    }
    const schemas = [...handlersOf(Feed).table.messages].map(([key, { schema }]) => [key, schema])
    expect(schemas).to.deep.equal([
      ['subscribe', undefined],
      ['constructor', undefined],
      ['__proto__', undefined],
    ])
  })
  it('validates the opposite direction for the server', () => {
    const toServer = { subscribe: z.object({}) }
    const market = defineProtocol({ toServer })
    class Endpoint {
      @market.server.OnMessage('subscribe') subscribe(): void {}
    }
    const { table } = handlersOf(Endpoint)
    expect(table.messages.get('subscribe')?.schema).to.equal(toServer.subscribe)
  })
})
