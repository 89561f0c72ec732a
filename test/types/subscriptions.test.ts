import { OnMessage, OnOpen, Subscriptions, WebSocketClient } from 'holdfast'
import type { ClientOptions, SubscriptionAck, SubscriptionsOptions, TopicSubscription } from 'holdfast'
import { DIALECT, stands } from './assertions.js'

interface Topic {
  readonly channel: string
  readonly symbol: string
}

interface Ack {
  readonly id?: number
  readonly error?: string
}

/** The functions can use the types of the API, but do not have to. */
const named: SubscriptionsOptions = {
  subscribe: (topics: readonly Topic[]) => topics.map(({ symbol }) => symbol),
  unsubscribe: (topics: readonly Topic[], ids) => [topics, ids.map((id) => id ?? 0)],
  key: ({ channel, symbol }: Topic) => `${channel} ${symbol}`,
  ack: ({ id, error }: Ack) => ({ topics: [], id, error }),
}
const lists: SubscriptionsOptions = { subscribe: (topics: readonly string[]) => ({ args: topics }) }
const bare: ClientOptions = { subscriptions: { subscribe: (topics) => ({ args: topics }) } }

// `subscribe` can be a method: @ClientOption('subscriptions.subscribe').
const without: SubscriptionsOptions = { ack: () => undefined }
// @ts-expect-error -- a key is a string
const keyed: SubscriptionsOptions = { ...lists, key: () => ({}) }
// @ts-expect-error -- an acknowledgment lists topics
const acknowledged: SubscriptionsOptions = { ...lists, ack: () => true }
// @ts-expect-error -- an ID is a string or a number
const identified: SubscriptionAck = { topics: [], id: {} }

@WebSocketClient({ subscriptions: named, inject: [Subscriptions] })
class Feed {
  held: TopicSubscription | undefined

  constructor(readonly subscriptions?: Subscriptions) {}

  @OnOpen()
  async opened(): Promise<void> {
    this.held = this.subscriptions?.subscribe({ channel: 'book', symbol: 'X' })
    await this.held?.acknowledged
    this.held?.unsubscribe()
    this.held?.[Symbol.dispose]()
    this.subscriptions?.kept()
    this.subscriptions?.add('a', {}, { request: true })
  }

  @OnMessage()
  rest(): void {}
}

describe(`The types of subscriptions, with ${DIALECT} decorators,`, () => {
  it("accept functions with the API's types", () => {
    stands(Feed)
    for (const options of [named, lists, bare, without, keyed, acknowledged, identified]) void options
  })
})
