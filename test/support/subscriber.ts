import { bootstrap, Connection, OnError, OnMessage, OnOpen, Subscriptions, WebSocketClient } from 'holdfast'
import type { ClientOptions, SubscriptionsOptions } from 'holdfast'
import { FakeClock, MemoryServer } from 'holdfast/testing'

/** Called inside the client's `@OnOpen`. */
type Opened = (subscriptions: Subscriptions, connection: Connection) => unknown

interface TopicMessage {
  readonly op?: 'sub' | 'unsub'
  readonly topics?: readonly string[]
}

/** Options for an API that accepts lists of topics and acknowledges each topic separately. */
export const LISTS: SubscriptionsOptions = {
  subscribe: (topics) => ({ op: 'sub', topics }),
  unsubscribe: (topics) => ({ op: 'unsub', topics }),
  ack: (message) => {
    const { ok, no, id } = message as { ok?: string; no?: string; id?: number }
    if (ok !== undefined) return { topics: [ok], id }
    return no === undefined ? undefined : { topics: [no], error: 'no such topic' }
  },
}

/** Starts a client with a replaceable `@OnOpen`, on a fake clock and an in-memory server. */
export async function startSubscriber(
  subscriptions: SubscriptionsOptions | undefined,
  options: ClientOptions = {},
) {
  const hooks: { opened: Opened } = { opened: () => undefined }
  const messages: unknown[] = []
  const errors: Error[] = []
  const heard: [string, unknown][] = []
  @WebSocketClient({ inject: [Subscriptions, Connection] })
  class Subscriber {
    constructor(
      readonly subscriptions: Subscriptions,
      readonly connection: Connection,
    ) {}

    @OnOpen()
    opened(): unknown {
      return hooks.opened(this.subscriptions, this.connection)
    }

    @OnMessage('a')
    topicA(message: unknown): void {
      heard.push(['a', message])
    }

    @OnMessage()
    rest(message: unknown): void {
      messages.push(message)
    }

    @OnError()
    failed(error: Error): void {
      errors.push(error)
    }
  }
  const server = new MemoryServer()
  const clock = new FakeClock()
  const start = () =>
    bootstrap(Subscriber, 'ws://peer.test/', {
      transport: server.connect,
      clock,
      random: () => 0.5,
      logger: false,
      heartbeat: false,
      ...(subscriptions && { subscriptions }),
      ...options,
    })
  return {
    clock,
    errors,
    heard,
    hooks,
    messages,
    server,
    start,
    /** Returns the messages that a peer has received, decoded. */
    received: (peer = server.peer) => peer.received.map((text) => JSON.parse(String(text)) as TopicMessage),
    /** Returns the topics that a peer considers subscribed, in order of subscription. */
    believed(peer = server.peer): string[] {
      const topics = new Set<string>()
      for (const text of peer.received) {
        const { op, topics: named } = JSON.parse(String(text)) as TopicMessage
        for (const topic of named ?? []) {
          if (op === 'sub') topics.add(topic)
          else topics.delete(topic)
        }
      }
      return [...topics]
    },
  }
}
