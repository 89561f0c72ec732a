/* eslint-disable @typescript-eslint/no-unused-vars -- the names of parameters are part of the test */
import { Connection, defineHandlers, JsonSender, MessageValidationError } from 'holdfast'
import type { CloseInfo, ClosingInfo, ConnectionState, MessageContext, OpenInfo } from 'holdfast'
import * as z from 'zod'

// The same as annotated.ts, without decorators and without syntax that type stripping would remove.

const Price = z.object({ price: z.string().transform(Number) })
const Volume = z.object({ volume: z.number() })
export const schemas = { Price, Volume }

const received = Symbol('received')

export class Every {
  opened(_open: OpenInfo): void {}
  binary(_data: Uint8Array, _context: MessageContext): void {}
  heard(_data: Uint8Array): void {}
  changed(_state: ConnectionState): void {}
  closing(_closing: ClosingInfo): void {}
  closed(_close: CloseInfo): void {}
  invalid(_error: MessageValidationError): void {}
  odd(_error: Error): void {}
  failed(_error: Error): void {}
  price(_message: z.output<typeof Price>): void {}
  several(_message: unknown, _context: MessageContext): void {}
  anyBook(_message: unknown): void {}
  priceBook(_message: z.output<typeof Price>): void {}
  volumeBook(_message: z.output<typeof Volume>): void {}
  async later(): Promise<void> {}
  *generated(): Generator<number> {}
  [received](_message: unknown): void {}
  rest(_message: z.output<typeof Volume>): void {}
}
defineHandlers(Every, {
  open: 'opened',
  binary: 'binary',
  ping: 'heard',
  pong: 'heard',
  stateChange: 'changed',
  closing: 'closing',
  close: 'closed',
  error: [[MessageValidationError, 'invalid'], [RangeError, 'odd'], [TypeError, 'odd'], 'failed'],
  message: [
    ['price', Price, { duringOpen: true }, 'price'],
    [3, 'several'],
    ['b', 'several'],
    ['a', 'several'],
    ['book', 'anyBook'],
    ['book', Price, 'priceBook'],
    ['book', Volume, 'volumeBook'],
    ['constructor', { duringOpen: false }, 'later'],
    ['__proto__', 'generated'],
    ['symbol', received],
    [Volume, { duringOpen: true }, 'rest'],
  ],
})

export class Base {
  opened(): string {
    return 'base'
  }
  a(_message: unknown): string {
    return 'base'
  }
  b(_message: z.output<typeof Price>): void {}
}
defineHandlers(Base, {
  open: 'opened',
  message: [
    ['a', 'a'],
    ['b', Price, 'b'],
  ],
})

export class Left extends Base {
  left(): void {}
}
defineHandlers(Left, { message: { left: 'left' } })

export class Right extends Base {
  readonly side = 'right'
  right(): void {}
}
defineHandlers(Right, { message: [['right', 'right']] })

export class Overriding extends Left {
  override opened(): string {
    return 'overriding'
  }
  override a(_message: unknown, _context?: MessageContext): string {
    return 'overriding'
  }
}

export class Redecorated extends Base {
  override opened(): string {
    return 'redecorated'
  }
  override a(_message: unknown): string {
    return 'redecorated'
  }
  override b(_message: unknown): void {}
}
defineHandlers(Redecorated, {
  open: 'opened',
  message: { c: 'a', b: [Volume, 'b'] },
})

export class Wrapping {
  over(...[_message]: unknown[]): void {}
  under(...[_message]: unknown[]): void {}
}
defineHandlers(Wrapping, {
  message: [
    ['over', 'over'],
    ['under', 'under'],
  ],
})

export class Twins {
  open1(): void {}
  open2(): void {}
  a1(): void {}
  a2(): void {}
  b1(): void {}
  b2(): void {}
  rest1(): void {}
  rest2(): void {}
  error1(): void {}
  error2(): void {}
}
defineHandlers(Twins, { open: 'open1' })
defineHandlers(Twins, {
  open: 'open2',
  message: [['a', 'a1'], ['a', 'a2'], ['b', Price, 'b1'], ['b', Price, 'b2'], 'rest1', [Price, 'rest2']],
  error: [
    [TypeError, 'error1'],
    [TypeError, 'error2'],
  ],
})

export class Empty {}

export class Store {
  readonly prices: number[] = []
}

export class Feed {
  readonly log: string[] = []
  readonly connection: Connection
  readonly store: Store
  readonly #json: JsonSender

  constructor(connection: Connection, json: JsonSender, store: Store) {
    this.connection = connection
    this.#json = json
    this.store = store
  }

  opened(open: OpenInfo): unknown {
    this.log.push(`open ${open.connectionNumber}`)
    return { hello: open.connectionNumber }
  }

  price({ price }: z.output<typeof Price>, context: MessageContext): unknown {
    this.store.prices.push(price)
    this.log.push(`price, key ${String(context.key)}`)
    return { seen: price }
  }

  async letter({ type }: { type: string }): Promise<unknown> {
    return { letter: type }
  }

  fail(): never {
    throw new RangeError('thrown by a handler')
  }

  rest(message: unknown): void {
    void this.#json.send({ rest: message })
  }

  echo(data: Uint8Array): Uint8Array {
    return data
  }

  invalid(error: MessageValidationError): void {
    this.log.push(`invalid ${String(error.key)}`)
  }

  failed(error: Error): void {
    this.log.push(`error ${error.message}`)
  }

  closed(close: CloseInfo): void {
    this.log.push(`close ${close.code}`)
  }
}
defineHandlers(
  Feed,
  {
    open: 'opened',
    message: [['price', Price, 'price'], ['a', 'letter'], ['b', 'letter'], ['fail', 'fail'], 'rest'],
    binary: 'echo',
    error: [[MessageValidationError, 'invalid'], 'failed'],
    close: 'closed',
  },
  { inject: [Connection, JsonSender, Store], url: 'ws://feed.test/' },
)

export class Inheriting extends Feed {
  readonly greetings: string[] = []
  override opened(open: OpenInfo): unknown {
    this.greetings.push('opened')
    return super.opened(open)
  }
}
defineHandlers(Inheriting, {}, { url: 'ws://inheriting.test/' })

export class Ledger {
  readonly store: Store
  constructor(store: Store) {
    this.store = store
  }
}

export class Bookkeeping {
  readonly ledger: Ledger
  constructor(ledger: Ledger) {
    this.ledger = ledger
  }
  rest(): void {}
}
defineHandlers(Bookkeeping, { message: 'rest' }, { inject: [Ledger] })

export class Typed {
  readonly connection: Connection
  constructor(connection: Connection) {
    this.connection = connection
  }
  rest(): void {}
}
defineHandlers(Typed, { message: 'rest' }, {})
