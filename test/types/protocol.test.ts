/* eslint-disable @typescript-eslint/no-unused-vars -- the types are what is tested */
import { type } from 'arktype'
import { defineProtocol, perLink } from 'holdfast'
import type { Connection, ConnectionContext, JsonSender, MessageContext, Outgoing, ReplyTo } from 'holdfast'
import * as v from 'valibot'
import * as z from 'zod'
import { DIALECT, holds, stands } from './assertions.js'
import type { Same } from './assertions.js'

interface Ticker {
  readonly price: number
}
interface Market {
  toClient: { ticker: Ticker; 7: { readonly seven: true } }
  toServer: {
    subscribe: { op: 'subscribe'; channel: string }
    list: { op: 'list' }
    ping: { op: 'ping' }
  }
  replies: { subscribe: { subscribed: string }; list: string[] }
}
const market = defineProtocol<Market>()

const schemas = defineProtocol({
  toClient: {
    ticker: z.object({ price: z.string().transform(Number) }),
    book: v.object({ bids: v.pipe(v.string(), v.transform(Number)) }),
    7: type({ seven: 'true' }),
  },
  toServer: {
    subscribe: z.object({ op: z.literal('subscribe'), depth: z.string().transform(Number) }),
    ping: v.object({ op: v.literal('ping') }),
  },
  replies: { subscribe: z.object({ subscribed: z.string().transform(Number) }) },
})
type Schemas = typeof schemas.client

/** Never called, because only the compiler checks sent messages. */
function sends(connection: Connection<Market>, json: JsonSender<Market>): void {
  void connection.sendJson({ op: 'subscribe', channel: 'ticker' })
  void connection.sendMessage({ op: 'ping' })
  void json.send({ op: 'list' })
  // @ts-expect-error -- the client does not send pongs
  void connection.sendJson({ op: 'pong' })
  // @ts-expect-error -- the channel is missing
  void connection.sendJson({ op: 'subscribe' })
  // @ts-expect-error -- a channel is a string
  void connection.sendMessage({ op: 'subscribe', channel: 1 })
  // @ts-expect-error -- a ping has no channel
  void connection.sendJson({ op: 'ping', channel: 'ticker' })
  // @ts-expect-error -- the client does not send pongs
  void json.send({ op: 'pong' })
  // @ts-expect-error -- a received message, not a sent one
  void json.send({ price: 1 })
}

/** Results of functions must match the same contract. */
async function sendsLate(connection: Connection<Market>, json: JsonSender<Market>): Promise<void> {
  void connection.sendJson(() => ({ op: 'subscribe', channel: 'ticker' }))
  void connection.sendMessage(() => ({ op: 'ping' }))
  void json.send(() => ({ op: 'list' }))
  const subscribed = await connection.request(() => ({ op: 'subscribe', channel: 'ticker' }))
  holds<Same<typeof subscribed, { subscribed: string }>>()
  const list = await connection.request(() => ({ op: 'list' }))
  holds<Same<typeof list, string[]>>()
  for await (const item of connection.requestMany(() => ({ op: 'list' }), { isLast: () => true })) {
    holds<Same<typeof item, string[]>>()
  }
  // @ts-expect-error -- the client does not send pongs
  void connection.sendMessage(() => ({ op: 'pong' }))
  // @ts-expect-error -- the channel is missing
  void connection.sendJson(() => ({ op: 'subscribe' }))
  // @ts-expect-error -- a promise is not a message
  void json.send(async () => Promise.resolve({ op: 'list' } as const))
  // @ts-expect-error -- the function receives no arguments
  void connection.sendMessage((_id: number) => ({ op: 'ping' }))
  // @ts-expect-error -- no such request
  await connection.request(() => ({ op: 'unsubscribe' }))
  // @ts-expect-error -- a promise is not a message
  await connection.request(async () => Promise.resolve({ op: 'list' } as const))
}

async function asks(connection: Connection<Market>): Promise<void> {
  const subscribed = await connection.request({ op: 'subscribe', channel: 'ticker' })
  holds<Same<typeof subscribed, { subscribed: string }>>()
  const list = await connection.request({ op: 'list' })
  holds<Same<typeof list, string[]>>()
  const pong = await connection.request({ op: 'ping' })
  // A reply that the protocol does not declare is unknown, not never.
  holds<Same<typeof pong, unknown>>()
  for await (const item of connection.requestMany({ op: 'list' }, { isLast: () => true })) {
    holds<Same<typeof item, string[]>>()
  }
  // @ts-expect-error -- no such request
  await connection.request({ op: 'unsubscribe' })
  // @ts-expect-error -- the channel is missing
  await connection.request({ op: 'subscribe' })
  // @ts-expect-error -- no such request
  connection.requestMany({ op: 'unsubscribe' }, { isLast: () => true })
  // @ts-expect-error -- no such property of the reply
  subscribed.channel
}

async function sendsBySchema(connection: Connection<Schemas>, json: JsonSender<Schemas>): Promise<void> {
  // A sent message has the input type of its schema, because the server will parse it.
  void connection.sendJson({ op: 'subscribe', depth: '10' })
  void json.send({ op: 'ping' })
  // @ts-expect-error -- the schema accepts a string
  void connection.sendJson({ op: 'subscribe', depth: 10 })
  // @ts-expect-error -- the client does not send pongs
  void json.send({ op: 'pong' })
  const reply = await connection.request({ op: 'subscribe', depth: '10' })
  holds<Same<typeof reply, { subscribed: number }>>()
  const late = await connection.request(() => ({ op: 'subscribe', depth: '10' }))
  holds<Same<typeof late, { subscribed: number }>>()
  // @ts-expect-error -- the schema accepts a string
  void connection.sendJson(() => ({ op: 'subscribe', depth: 10 }))
  // @ts-expect-error -- no such request
  await connection.request({ op: 'unsubscribe' })
}

async function asksWithoutReplies(connection: Connection<Pick<Market, 'toServer'>>): Promise<void> {
  const reply = await connection.request({ op: 'list' })
  holds<Same<typeof reply, unknown>>()
  const told = await connection.request<number>({ op: 'list' })
  // The type argument of `request` is used if the protocol declares no replies; the message can then be any sent one.
  holds<Same<typeof told, number>>()
  // @ts-expect-error -- no such request
  await connection.request({ op: 'unsubscribe' })
}

async function untyped(connection: Connection, json: JsonSender): Promise<void> {
  void connection.sendJson({ any: 'thing' })
  void json.send('any thing')
  const reply = await connection.request({ any: 'thing' })
  holds<Same<typeof reply, unknown>>()
  const told = await connection.request<number>({ any: 'thing' })
  holds<Same<typeof told, number>>()
  void connection.sendMessage(() => ({ any: 'thing' }))
  const late = await connection.request<number>(() => ({ any: 'thing' }))
  holds<Same<typeof late, number>>()
}

describe(`The types of a protocol, with ${DIALECT} decorators,`, () => {
  it('check keys and parameters against the types of received messages', () => {
    class Right {
      @market.client.OnMessage('ticker') ticker(_ticker: Ticker, _context: MessageContext): void {}
      @market.client.OnMessage('ticker') @market.client.OnMessage(7) any(_message: unknown): void {}
      @market.client.OnMessage(7) async seven(_seven: { seven: boolean }): Promise<void> {}
    }
    class Wrong {
      // @ts-expect-error -- no such message
      @market.client.OnMessage('tocker') key(): void {}
      // @ts-expect-error -- no such message
      @market.client.OnMessage(8) number(): void {}
      // @ts-expect-error -- the key of a sent message, not of a received one
      @market.client.OnMessage('subscribe') outgoing(): void {}
      // @ts-expect-error -- a price is a number
      @market.client.OnMessage('ticker') parameter(_ticker: { price: string }): void {}
      // @ts-expect-error -- no such context
      @market.client.OnMessage('ticker') context(_ticker: Ticker, _context: string): void {}
      // @ts-expect-error -- a message of a protocol has a key
      @market.client.OnMessage() none(): void {}
    }
    stands(Right, Wrong)
  })

  it('check keys and parameters against the output of the schemas for received messages', () => {
    class Right {
      @schemas.client.OnMessage('ticker') ticker(_ticker: Ticker): void {}
      @schemas.client.OnMessage('book') book(_book: { readonly bids: number }): void {}
      @schemas.client.OnMessage(7) seven(_seven: { seven: true }): void {}
    }
    class Wrong {
      // @ts-expect-error -- no such message
      @schemas.client.OnMessage('tocker') key(): void {}
      // @ts-expect-error -- receives the output of zod, not its input
      @schemas.client.OnMessage('ticker') zod(_ticker: { price: string }): void {}
      // @ts-expect-error -- receives the output of valibot, not its input
      @schemas.client.OnMessage('book') valibot(_book: { bids: string }): void {}
      // @ts-expect-error -- must be true
      @schemas.client.OnMessage(7) arktype(_seven: { seven: string }): void {}
    }
    stands(Right, Wrong)
  })

  it('check sent messages, requests, and replies', () => {
    void [sends, sendsLate, asks, sendsBySchema, asksWithoutReplies, untyped]
  })

  it('check the same contract on the server with the directions swapped', () => {
    class Right {
      @market.server.OnMessage('subscribe') subscribe(_message: { channel: string }): void {}
      @schemas.server.OnMessage('subscribe') parsed(_message: { depth: number }): void {}
    }
    class Wrong {
      // @ts-expect-error -- goes to the client
      @market.server.OnMessage('ticker') key(): void {}
      // @ts-expect-error -- receives the output of zod, not its input
      @schemas.server.OnMessage('subscribe') raw(_message: { depth: string }): void {}
    }
    const sendsToClient = (json: JsonSender<typeof market.server>): void => {
      void json.send({ price: 1 })
      // @ts-expect-error -- goes to the server
      void json.send({ op: 'list' })
    }
    void sendsToClient
    stands(Right, Wrong)
  })

  it('are the same for a protocol and its client side', () => {
    holds<Same<Outgoing<Market>, Outgoing<typeof market.client>>>()
    holds<
      Same<ReplyTo<Market, { op: 'list' }, never>, ReplyTo<typeof market.client, { op: 'list' }, never>>
    >()
  })

  it('reject a protocol that contains anything but messages', () => {
    // @ts-expect-error -- must be called toClient
    defineProtocol<{ toCleint: { ticker: Ticker } }>()
    // @ts-expect-error -- a type is not a schema
    defineProtocol({ toClient: { ticker: { price: 1 } } })
  })

  it('let a connection with a protocol stand in for one without a protocol, and vice versa', () => {
    const any = (connection: Connection<Market>): Connection => connection
    const typed = ({ connection }: MessageContext): Connection<Market> => connection
    const states = perLink(() => 1)
    const ofMessage = (context: MessageContext): number => states.of(context)
    const ofAny = (context: ConnectionContext): number => states.of(context)
    void [any, typed, ofMessage, ofAny]
  })
})
