/* eslint-disable @typescript-eslint/no-unused-vars -- the signatures are what is tested */
import {
  ClientOption,
  HandshakeError,
  OnBinary,
  OnClose,
  OnClosing,
  OnError,
  OnMessage,
  OnOpen,
  OnPing,
  OnPong,
  OnStateChange,
  WebSocketClient,
} from 'holdfast'
import type {
  AttemptInfo,
  CloseInfo,
  ClosingInfo,
  ConnectionContext,
  ConnectionState,
  ErrorContext,
  Failure,
  MessageContext,
  OpenInfo,
} from 'holdfast'
import * as z from 'zod'
import { DIALECT, stands } from './assertions.js'

interface Ticker {
  readonly price: number
}

describe(`The types of handlers, with ${DIALECT} decorators,`, () => {
  it('accept a handler with all, some, or none of its parameters', () => {
    class Right {
      @OnOpen() open(_open: OpenInfo, _context: ConnectionContext): void {}
      @OnMessage('ticker') ticker(_ticker: Ticker, _context: MessageContext): void {}
      @OnMessage() rest(): void {}
      @OnBinary() binary(_data: Uint8Array, _context: MessageContext): void {}
      @OnPing() ping(_data: Uint8Array): void {}
      @OnPong() pong(_data: Uint8Array): void {}
      @OnStateChange() state(_state: ConnectionState, _context: ConnectionContext): void {}
      @OnError(HandshakeError) handshake(_error: HandshakeError, _context: ErrorContext): void {}
      @OnError() error(_error: Error, _context: ErrorContext): void {}
      @OnClosing() closing(_closing: ClosingInfo, _context: ConnectionContext): string {
        return 'bye'
      }
      @OnClose() close(_close: CloseInfo, _context: ConnectionContext): void {}
    }
    stands(Right)
  })

  it('accept a handler that returns anything, because the result is sent', () => {
    class Answering {
      @OnOpen() open(): { hello: string } {
        return { hello: 'world' }
      }
      @OnMessage('a') async a(): Promise<string> {
        return Promise.resolve('a')
      }
      @OnMessage('b') async *b(): AsyncGenerator<Ticker> {
        yield await Promise.resolve({ price: 1 })
      }
    }
    stands(Answering)
  })

  it('accept any first parameter for @OnMessage, and only its context as the second', () => {
    class Messages {
      @OnMessage('a') a(_text: string): void {}
      @OnMessage('b') b(_ticker: Ticker): void {}
      @OnMessage('c') c(_message: unknown): void {}
      @OnMessage(4) d(_list: readonly number[], _context: ConnectionContext): void {}
      // @ts-expect-error -- the second parameter is the context
      @OnMessage('e') e(_message: unknown, _context: ErrorContext): void {}
    }
    stands(Messages)
  })

  it("do not infer a parameter's type: an unannotated parameter is an implicit any, which strict mode forbids", () => {
    class Unannotated {
      // @ts-expect-error -- write `unknown`, or the type of the message
      @OnMessage('a') a(message): void {}
      @OnMessage('b') b(message: unknown): void {
        // @ts-expect-error -- unknown must be narrowed first
        void message?.price
      }
    }
    stands(Unannotated)
  })

  it('reject unknown properties of the context', () => {
    class Contexts {
      @OnMessage('a') a(_message: unknown, { key, raw, receivedAt, signal }: MessageContext): void {
        void [key, raw, receivedAt, signal]
      }
      @OnMessage('b') b(_message: unknown, _context: Pick<MessageContext, 'key'>): void {}
      // @ts-expect-error -- a key is unknown
      @OnMessage('c') c(_message: unknown, _context: { key: string }): void {}
      // @ts-expect-error -- no such property
      @OnMessage('d') d(_message: unknown, _context: { peer: unknown }): void {}
      // @ts-expect-error -- @OnOpen has no message
      @OnOpen() e(_open: OpenInfo, _context: MessageContext): void {}
    }
    stands(Contexts)
  })

  it('accept a string, a number, or no key for @OnMessage', () => {
    class Keys {
      // @ts-expect-error -- an object is not a key
      @OnMessage({}) object(): void {}
      // @ts-expect-error -- at most one key
      @OnMessage('a', 'b') two(): void {}
    }
    stands(Keys)
  })

  it('accept @OnMessage options after its other arguments', () => {
    const Price = z.object({ price: z.string().transform(Number) })
    class Early {
      @OnMessage({ duringOpen: true }) rest(_message: unknown): void {}
      @OnMessage('a', { duringOpen: false }) a(_message: string): void {}
      @OnMessage('b', { duringOpen: undefined }) b(_message: string): void {}
      @OnMessage('c', Price, { duringOpen: true }) c(_message: { price: number }): void {}
      @OnMessage(Price, { duringOpen: true }) d(_message: { price: number }): void {}
    }
    class Wrong {
      // @ts-expect-error -- no such option
      @OnMessage('a', { duringOpn: true }) name(): void {}
      // @ts-expect-error -- must be a boolean
      @OnMessage('a', { duringOpen: 'yes' }) value(): void {}
      // @ts-expect-error -- receives the output of the schema
      @OnMessage('b', Price, { duringOpen: true }) schema(_message: { price: string }): void {}
      // @ts-expect-error -- options come last
      @OnMessage('b', { duringOpen: true }, Price) order(): void {}
      // @ts-expect-error -- @OnBinary has no options
      @OnBinary({ duringOpen: true }) binary(): void {}
    }
    stands(Early, Wrong)
  })

  it('check the parameters of every handler against its decorator', () => {
    class Wrong {
      // @ts-expect-error -- @OnOpen passes an OpenInfo
      @OnOpen() open(_open: CloseInfo): void {}
      // @ts-expect-error -- @OnClose passes a CloseInfo
      @OnClose() close(_close: OpenInfo): void {}
      // @ts-expect-error -- @OnClosing passes a ClosingInfo
      @OnClosing() closing(_closing: CloseInfo): void {}
      // @ts-expect-error -- @OnBinary passes bytes
      @OnBinary() binary(_data: string): void {}
      // @ts-expect-error -- @OnPing passes bytes
      @OnPing() ping(_data: string): void {}
      // @ts-expect-error -- @OnPong passes bytes
      @OnPong() pong(_data: string): void {}
      // @ts-expect-error -- @OnStateChange passes a state
      @OnStateChange() state(_state: string): void {}
      // @ts-expect-error -- @OnError passes an Error
      @OnError() error(_error: string): void {}
      // @ts-expect-error -- @OnError() passes any Error, not only a HandshakeError
      @OnError() some(_error: HandshakeError): void {}
      // @ts-expect-error -- @OnError(RangeError) does not pass a HandshakeError
      @OnError(RangeError) range(_error: HandshakeError): void {}
      // @ts-expect-error -- handlers receive two arguments
      @OnMessage() three(_message: unknown, _context: MessageContext, _more: unknown): void {}
    }
    stands(Wrong)
  })

  it('accept only error classes for @OnError', () => {
    class Errors {
      @OnError(HandshakeError) wider(_error: Error): void {}
      // @ts-expect-error -- Map is not an error class
      @OnError(Map) map(): void {}
    }
    stands(Errors)
  })

  it('accept only methods as handlers', () => {
    class Placed {
      // @ts-expect-error -- a property does not exist on the prototype
      @OnMessage() readonly arrow = (): void => {}
      // @ts-expect-error -- an accessor is not a method
      @OnMessage() get value(): number {
        return 1
      }
    }
    // @ts-expect-error -- a class is not a method
    @OnMessage()
    class Whole {}
    stands(Placed, Whole)
  })

  it('check the class options', () => {
    @WebSocketClient({ url: 'ws://peer.test/', inject: [] })
    class Right {}
    // @ts-expect-error -- no such option
    @WebSocketClient({ hartbeat: false })
    class Misspelt {}
    // @ts-expect-error -- a signal is for bootstrap
    @WebSocketClient({ signal: new AbortController().signal })
    class Started {}
    stands(Right, Misspelt, Started)
  })

  it('check the concurrency option', () => {
    @WebSocketClient({ concurrency: 4 })
    class Count {}
    @WebSocketClient({ concurrency: { key: 'symbol', limit: 4, conflate: true } })
    class Property {}
    @WebSocketClient({ concurrency: { key: (message: unknown) => String(message) } })
    class Asked {}
    // The key can be a method: @ClientOption('concurrency.key').
    @WebSocketClient({ concurrency: { limit: 4 } })
    class Keyless {}
    // @ts-expect-error -- a message is unknown
    @WebSocketClient({ concurrency: { key: (message: Ticker) => message.price } })
    class Narrow {}
    // @ts-expect-error -- no such property
    @WebSocketClient({ concurrency: { key: 'symbol', lastest: true } })
    class Misspelt {}
    stands(Count, Property, Asked, Keyless, Narrow, Misspelt)
  })
})

describe(`The types of @ClientOption, with ${DIALECT} decorators,`, () => {
  it("accept a method with the option's signature", () => {
    class Feed {
      @ClientOption('url') url(attempt: AttemptInfo): string {
        return attempt.url ?? 'wss://feed.example.com'
      }
      @ClientOption('headers') async headers(): Promise<Record<string, string>> {
        return Promise.resolve({})
      }
      @ClientOption('heartbeat.message') beat(): object {
        return {}
      }
      @ClientOption('heartbeat.isReply') isReply(message: { op: number }): boolean {
        return message.op === 11
      }
      @ClientOption('reconnect.shouldReconnect') retry(failure: Failure): boolean {
        return failure.status !== 403
      }
    }
    stands(Feed)
  })

  it('reject a different name, parameter, or result', () => {
    class Wrong {
      // @ts-expect-error -- a number of milliseconds cannot be a method
      @ClientOption('connectTimeout') timeout(): number {
        return 1
      }
      // @ts-expect-error -- must be a string or a URL
      @ClientOption('url') url(): number {
        return 1
      }
      // @ts-expect-error -- the result is not awaited
      @ClientOption('heartbeat.isReply') async isReply(): Promise<boolean> {
        return Promise.resolve(true)
      }
      // @ts-expect-error -- the parameter is the failure
      @ClientOption('reconnect.shouldReconnect') retry(failure: string): boolean {
        return failure === ''
      }
    }
    stands(Wrong)
  })
})
