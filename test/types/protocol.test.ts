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

/** Never called: what is sent is checked by the compiler alone. */
function sends(connection: Connection<Market>, json: JsonSender<Market>): void {
  void connection.sendJson({ op: 'subscribe', channel: 'ticker' })
  void connection.sendMessage({ op: 'ping' })
  void json.send({ op: 'list' })
  // @ts-expect-error -- nobody sends pongs
  void connection.sendJson({ op: 'pong' })
  // @ts-expect-error -- the channel is missing
  void connection.sendJson({ op: 'subscribe' })
  // @ts-expect-error -- a channel is a text
  void connection.sendMessage({ op: 'subscribe', channel: 1 })
  // @ts-expect-error -- a ping has no channel
  void connection.sendJson({ op: 'ping', channel: 'ticker' })
  // @ts-expect-error -- nobody sends pongs
  void json.send({ op: 'pong' })
  // @ts-expect-error -- what comes in is not what goes out
  void json.send({ price: 1 })
}

/** What a function makes is held to the same contract. */
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
  // @ts-expect-error -- nobody sends pongs
  void connection.sendMessage(() => ({ op: 'pong' }))
  // @ts-expect-error -- the channel is missing
  void connection.sendJson(() => ({ op: 'subscribe' }))
  // @ts-expect-error -- a promise is no message
  void json.send(async () => Promise.resolve({ op: 'list' } as const))
  // @ts-expect-error -- a function gets nothing
  void connection.sendMessage((_id: number) => ({ op: 'ping' }))
  // @ts-expect-error -- nobody asks so
  await connection.request(() => ({ op: 'unsubscribe' }))
  // @ts-expect-error -- a promise is no message
  await connection.request(async () => Promise.resolve({ op: 'list' } as const))
}

async function asks(connection: Connection<Market>): Promise<void> {
  const subscribed = await connection.request({ op: 'subscribe', channel: 'ticker' })
  holds<Same<typeof subscribed, { subscribed: string }>>()
  const list = await connection.request({ op: 'list' })
  holds<Same<typeof list, string[]>>()
  const pong = await connection.request({ op: 'ping' })
  // What no reply is told of is unknown, and not never.
  holds<Same<typeof pong, unknown>>()
  for await (const item of connection.requestMany({ op: 'list' }, { isLast: () => true })) {
    holds<Same<typeof item, string[]>>()
  }
  // @ts-expect-error -- nobody asks so
  await connection.request({ op: 'unsubscribe' })
  // @ts-expect-error -- the channel is missing
  await connection.request({ op: 'subscribe' })
  // @ts-expect-error -- nobody asks so
  connection.requestMany({ op: 'unsubscribe' }, { isLast: () => true })
  // @ts-expect-error -- a reply has no such field
  subscribed.channel
}

async function sendsBySchema(connection: Connection<Schemas>, json: JsonSender<Schemas>): Promise<void> {
  // What goes out is what its schema takes, as the peer will read it.
  void connection.sendJson({ op: 'subscribe', depth: '10' })
  void json.send({ op: 'ping' })
  // @ts-expect-error -- the schema takes a text
  void connection.sendJson({ op: 'subscribe', depth: 10 })
  // @ts-expect-error -- nobody sends pongs
  void json.send({ op: 'pong' })
  const reply = await connection.request({ op: 'subscribe', depth: '10' })
  holds<Same<typeof reply, { subscribed: number }>>()
  const late = await connection.request(() => ({ op: 'subscribe', depth: '10' }))
  holds<Same<typeof late, { subscribed: number }>>()
  // @ts-expect-error -- the schema takes a text
  void connection.sendJson(() => ({ op: 'subscribe', depth: 10 }))
  // @ts-expect-error -- nobody asks so
  await connection.request({ op: 'unsubscribe' })
}

async function asksWithoutReplies(connection: Connection<Pick<Market, 'toServer'>>): Promise<void> {
  const reply = await connection.request({ op: 'list' })
  holds<Same<typeof reply, unknown>>()
  const told = await connection.request<number>({ op: 'list' })
  // Its own type argument is taken where the protocol says nothing; the message then counts as any that goes out.
  holds<Same<typeof told, number>>()
  // @ts-expect-error -- nobody asks so
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
  it('hold keys and parameters against the type of what comes in', () => {
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
      // @ts-expect-error -- a name of what goes out is no key of what comes in
      @market.client.OnMessage('subscribe') outgoing(): void {}
      // @ts-expect-error -- a price is a number
      @market.client.OnMessage('ticker') parameter(_ticker: { price: string }): void {}
      // @ts-expect-error -- there is no context like that
      @market.client.OnMessage('ticker') context(_ticker: Ticker, _context: string): void {}
      // @ts-expect-error -- a message of a protocol has a key
      @market.client.OnMessage() none(): void {}
    }
    stands(Right, Wrong)
  })

  it('hold keys and parameters against what the schemas of what comes in make', () => {
    class Right {
      @schemas.client.OnMessage('ticker') ticker(_ticker: Ticker): void {}
      @schemas.client.OnMessage('book') book(_book: { readonly bids: number }): void {}
      @schemas.client.OnMessage(7) seven(_seven: { seven: true }): void {}
    }
    class Wrong {
      // @ts-expect-error -- no such message
      @schemas.client.OnMessage('tocker') key(): void {}
      // @ts-expect-error -- it gets what zod makes, not what it takes
      @schemas.client.OnMessage('ticker') zod(_ticker: { price: string }): void {}
      // @ts-expect-error -- it gets what valibot makes, not what it takes
      @schemas.client.OnMessage('book') valibot(_book: { bids: string }): void {}
      // @ts-expect-error -- it is true
      @schemas.client.OnMessage(7) arktype(_seven: { seven: string }): void {}
    }
    stands(Right, Wrong)
  })

  it('hold what is sent, and what is asked and answered, against what goes out', () => {
    void [sends, sendsLate, asks, sendsBySchema, asksWithoutReplies, untyped]
  })

  it('hold the same contract on the server, with the directions exchanged', () => {
    class Right {
      @market.server.OnMessage('subscribe') subscribe(_message: { channel: string }): void {}
      @schemas.server.OnMessage('subscribe') parsed(_message: { depth: number }): void {}
    }
    class Wrong {
      // @ts-expect-error -- that goes to the client
      @market.server.OnMessage('ticker') key(): void {}
      // @ts-expect-error -- it gets what zod makes, not what it takes
      @schemas.server.OnMessage('subscribe') raw(_message: { depth: string }): void {}
    }
    const sendsToClient = (json: JsonSender<typeof market.server>): void => {
      void json.send({ price: 1 })
      // @ts-expect-error -- that goes to the server
      void json.send({ op: 'list' })
    }
    void sendsToClient
    stands(Right, Wrong)
  })

  it('are the same for a protocol and for the client side of it', () => {
    holds<Same<Outgoing<Market>, Outgoing<typeof market.client>>>()
    holds<
      Same<ReplyTo<Market, { op: 'list' }, never>, ReplyTo<typeof market.client, { op: 'list' }, never>>
    >()
  })

  it('let a protocol be of nothing but messages', () => {
    // @ts-expect-error -- it is called toClient
    defineProtocol<{ toCleint: { ticker: Ticker } }>()
    // @ts-expect-error -- a type is no schema
    defineProtocol({ toClient: { ticker: { price: 1 } } })
  })

  it('let a connection of a protocol stand for one of none, and the other way round', () => {
    const any = (connection: Connection<Market>): Connection => connection
    const typed = ({ connection }: MessageContext): Connection<Market> => connection
    const states = perLink(() => 1)
    const ofMessage = (context: MessageContext): number => states.of(context)
    const ofAny = (context: ConnectionContext): number => states.of(context)
    void [any, typed, ofMessage, ofAny]
  })
})
