import {
  bootstrap,
  defineHandlers,
  HandshakeError,
  JsonSender,
  Module,
  OnError,
  OnMessage,
  OnOpen,
} from 'holdfast'
import { Subscriptions, WebSocketClient } from 'holdfast'
import type { Application, Client, ClientOptions, Connection, ErrorContext, HeartbeatOptions } from 'holdfast'
import type { MessagesOptions, ModuleOptions, NextOptions, OpenInfo, OutboxOptions } from 'holdfast'
import type { ReconnectOptions, RequestManyOptions, RequestOptions, RequestsOptions, Schema } from 'holdfast'
import type { WaitOptions, WebSocketClientOptions } from 'holdfast'
import { createJsonCodec } from 'holdfast/codecs'
import type { JsonCodecOptions } from 'holdfast/codecs'
import { msgpackCodec } from 'holdfast/msgpack'
import { bigintJsonCodec } from 'holdfast/bigint-json'
import { jsonRpc } from 'holdfast/requests'
import { keyPair } from 'holdfast/routes'
import { Sequence } from 'holdfast/sequence'
import type { SequenceOptions } from 'holdfast/sequence'
import { FakeClock, MemoryServer } from 'holdfast/testing'
import { createWsTransport } from 'holdfast/transports'
import type { WsTransportOptions } from 'holdfast/transports'

declare const Ticker: Schema

@WebSocketClient({ route: 'type', inject: [JsonSender, Subscriptions] })
export class TickerClient {
  readonly sequence = new Sequence()

  constructor(
    readonly json: JsonSender,
    readonly subscriptions: Subscriptions,
  ) {}

  @OnOpen()
  opened(open: OpenInfo): void {
    void this.json.send({ attempt: open.attempt })
  }

  @OnMessage('ticker', Ticker)
  tick(ticker: unknown): unknown {
    return ticker
  }

  // @ts-expect-error a context is not a number
  @OnMessage('text')
  wrong(message: string, context: number): void {}

  @OnError(HandshakeError)
  failed(error: HandshakeError, { fatal }: ErrorContext): void {
    void [error.status, fatal]
  }
}

export class Plain {
  rest(): void {}
}
defineHandlers(Plain, { message: 'rest' })

@Module({ clients: [{ use: TickerClient, url: 'ws://127.0.0.1' }] })
export class AppModule {}

export const codecs = [createJsonCodec, msgpackCodec, bigintJsonCodec, jsonRpc, keyPair]
const [server, clock] = [new MemoryServer(), new FakeClock()]
export const options: ClientOptions = { transport: server.connect, clock }
export const second: ClientOptions = {
  transport: createWsTransport({ fastPaths: false }),
  requests: jsonRpc(),
}

export async function main(): Promise<void> {
  const client: Client<TickerClient> = await bootstrap(TickerClient, 'ws://127.0.0.1', options)
  const application: Application = await bootstrap(AppModule)
  const connection: Connection = client.connection
  const reply: unknown = await connection.request({ method: 'get' }, { timeout: 1_000 })
  for await (const message of connection.messages()) void [message, reply]
  await Promise.all([client.close(), application.close()])
}

/** True if all options of a type accept undefined, so that code can pass values that are possibly missing. */
type Explicit<T> = { [Name in keyof T]-?: undefined } extends T ? true : false

export type All = [
  Explicit<ClientOptions>,
  Explicit<WebSocketClientOptions>,
  Explicit<ModuleOptions>,
  Explicit<ReconnectOptions>,
  Explicit<OutboxOptions>,
  Explicit<HeartbeatOptions>,
  Explicit<RequestsOptions>,
  Explicit<RequestOptions>,
  Explicit<Omit<RequestManyOptions, 'isLast'>>,
  Explicit<WaitOptions>,
  Explicit<MessagesOptions>,
  Explicit<NextOptions>,
  Explicit<SequenceOptions>,
  Explicit<JsonCodecOptions>,
  Explicit<WsTransportOptions>,
]
export const all: readonly true[] = [] as unknown as All
