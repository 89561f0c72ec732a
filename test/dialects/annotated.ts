/* eslint-disable @typescript-eslint/no-unused-vars -- the names of parameters are part of the test */
import {
  ClientOption,
  Connection,
  JsonSender,
  MessageValidationError,
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
import type { CloseInfo, ClosingInfo, ConnectionState, MessageContext, OpenInfo } from 'holdfast'
import * as z from 'zod'

// Every dialect and compiler uses the same source. conformance.test.ts compares the result with facts.ts. It imports only packages, because it also
// runs from other folders.

const Price = z.object({ price: z.string().transform(Number) })
const Volume = z.object({ volume: z.number() })
export const schemas = { Price, Volume }

type Method = (...args: never[]) => unknown

/** A decorator of another library, for both dialects, that wraps a method. */
interface WrappingDecorator {
  <M extends Method>(target: object, member: string | symbol, descriptor: TypedPropertyDescriptor<M>): void
  <M extends Method>(method: M, context: { readonly kind: 'method' }): M
}

function wrap(method: Method): Method {
  return function (this: unknown, ...args: never[]) {
    return method.apply(this, args)
  }
}

function wrapped(target: object, _member: unknown, descriptor?: PropertyDescriptor): unknown {
  if (!descriptor) return wrap(target as Method)
  descriptor.value = wrap(descriptor.value as Method)
  return undefined
}
const Wrapped = (): WrappingDecorator => wrapped

const received = Symbol('received')

/** Contains every decorator, several on one method, keys, schemas, and both. */
export class Every {
  @OnOpen() opened(_open: OpenInfo): void {}
  @OnBinary() binary(_data: Uint8Array, _context: MessageContext): void {}
  @OnPing() @OnPong() heard(_data: Uint8Array): void {}
  @OnStateChange() changed(_state: ConnectionState): void {}
  @OnClosing() closing(_closing: ClosingInfo): void {}
  @OnClose() closed(_close: CloseInfo): void {}
  @OnError(MessageValidationError) invalid(_error: MessageValidationError): void {}
  @OnError(TypeError) @OnError(RangeError) odd(_error: Error): void {}
  @OnError() failed(_error: Error): void {}

  @OnMessage('price', Price, { duringOpen: true })
  price(_message: z.output<typeof Price>): void {}

  @OnMessage('a')
  @OnMessage('b')
  @OnMessage(3)
  several(_message: unknown, _context: MessageContext): void {}

  @OnMessage('book') anyBook(_message: unknown): void {}
  @OnMessage('book', Price) priceBook(_message: z.output<typeof Price>): void {}
  @OnMessage('book', Volume) volumeBook(_message: z.output<typeof Volume>): void {}

  @OnMessage('constructor', { duringOpen: false }) async later(): Promise<void> {}
  @OnMessage('__proto__') *generated(): Generator<number> {}
  @OnMessage('symbol') [received](_message: unknown): void {}
  @OnMessage(Volume, { duringOpen: true }) rest(_message: z.output<typeof Volume>): void {}
}

export class Base {
  @OnOpen() opened(): string {
    return 'base'
  }
  @OnMessage('a') a(_message: unknown): string {
    return 'base'
  }
  @OnMessage('b', Price) b(_message: z.output<typeof Price>): void {}
}

export class Left extends Base {
  @OnMessage('left') left(): void {}
}

export class Right extends Base {
  readonly side = 'right'
  @OnMessage('right') right(): void {}
}

/** Overrides keep the roles of the methods that they override. */
export class Overriding extends Left {
  override opened(): string {
    return 'overriding'
  }
  override a(_message: unknown, _context?: MessageContext): string {
    return 'overriding'
  }
}

/** A decorated override adds roles, and replaces the roles that it shares. */
export class Redecorated extends Base {
  @OnOpen() override opened(): string {
    return 'redecorated'
  }
  @OnMessage('c') override a(_message: unknown): string {
    return 'redecorated'
  }
  @OnMessage('b', Volume) override b(_message: unknown): void {}
}

/** Other decorators, above ours and below them. */
export class Wrapping {
  @OnMessage('over') @Wrapped() over(_message: unknown): void {}
  @Wrapped() @OnMessage('under') under(_message: unknown): void {}
}

export class Twins {
  @OnOpen() open1(): void {}
  @OnOpen() open2(): void {}
  @OnMessage('a') a1(): void {}
  @OnMessage('a') a2(): void {}
  @OnMessage('b', Price) b1(): void {}
  @OnMessage('b', Price) b2(): void {}
  @OnMessage() rest1(): void {}
  @OnMessage(Price) rest2(): void {}
  @OnError(TypeError) error1(): void {}
  @OnError(TypeError) error2(): void {}
}

/** The decorator as plain JavaScript sees it, without type checks. */
type Untyped = (...args: readonly unknown[]) => (...target: readonly unknown[]) => void
const Anywhere = OnMessage as Untyped
const AnyError = OnError as Untyped

export class Misplaced {
  @Anywhere('static') static still(): void {}
  @Anywhere('field') readonly field = (): void => {}
  @Anywhere('getter') get getter(): number {
    return 1
  }
  @Anywhere('setter') set setter(_value: number) {}
}

/** A decorator without parentheses, which the compiler would reject. */
type Bare = (...target: readonly unknown[]) => undefined
const OpenUncalled = OnOpen as unknown as Bare
const MessageUncalled = OnMessage as unknown as Bare
const OptionUncalled = ClientOption as unknown as Bare
const ClientUncalled = WebSocketClient as unknown as Bare

@ClientUncalled
export class Uncalled {
  @OpenUncalled opened(): void {}
  @MessageUncalled received(): void {}
  @OptionUncalled url(): void {}
}

export class Misused {
  @OnMessage('many') many(_message: unknown, _context: unknown, _more?: unknown): void {}
  @Anywhere(undefined) lost(): void {}
  @Anywhere('key', {}) unschematic(): void {}
  @AnyError(Map) map(): void {}
}
Object.defineProperty(Misused.prototype.many, 'length', { value: 3 })

export class Empty {}

export class Store {
  readonly prices: number[] = []
}

@WebSocketClient({ inject: [Connection, JsonSender, Store], url: 'ws://feed.test/' })
export class Feed {
  readonly log: string[] = []

  constructor(
    readonly connection: Connection,
    private readonly json: JsonSender,
    readonly store: Store,
  ) {}

  @OnOpen() opened(open: OpenInfo): unknown {
    this.log.push(`open ${open.connectionNumber}`)
    return { hello: open.connectionNumber }
  }

  @OnMessage('price', Price) price({ price }: z.output<typeof Price>, context: MessageContext): unknown {
    this.store.prices.push(price)
    this.log.push(`price, key ${String(context.key)}`)
    return { seen: price }
  }

  @OnMessage('a')
  @OnMessage('b')
  async letter({ type }: { type: string }): Promise<unknown> {
    return { letter: type }
  }

  @OnMessage('fail') fail(): never {
    throw new RangeError('thrown by a handler')
  }

  @OnMessage() rest(message: unknown): void {
    void this.json.send({ rest: message })
  }

  @OnBinary() echo(data: Uint8Array): Uint8Array {
    return data
  }

  @OnError(MessageValidationError) invalid(error: MessageValidationError): void {
    this.log.push(`invalid ${String(error.key)}`)
  }

  @OnError() failed(error: Error): void {
    this.log.push(`error ${error.message}`)
  }

  @OnClose() closed(close: CloseInfo): void {
    this.log.push(`close ${close.code}`)
  }
}

/** An inherited constructor, although compilers generate one for the fields. */
@WebSocketClient({ url: 'ws://inheriting.test/' })
export class Inheriting extends Feed {
  readonly greetings: string[] = []
  override opened(open: OpenInfo): unknown {
    this.greetings.push('opened')
    return super.opened(open)
  }
}

/** A provider with a dependency that only its types declare. */
export class Ledger {
  constructor(readonly store: Store) {}
}

@WebSocketClient({ inject: [Ledger] })
export class Bookkeeping {
  constructor(readonly ledger: Ledger) {}
  @OnMessage() rest(): void {}
}

/** The constructor declares its dependencies only by type. */
@WebSocketClient()
export class Typed {
  constructor(readonly connection: Connection) {}
  @OnMessage() rest(): void {}
}
