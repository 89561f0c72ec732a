/* eslint-disable @typescript-eslint/no-unused-vars -- the signatures are what is tested */
import { type } from 'arktype'
import { OnMessage } from 'holdfast'
import type { ErrorContext, MessageContext } from 'holdfast'
import * as v from 'valibot'
import * as z from 'zod'
import { DIALECT, stands } from './assertions.js'

// Each accepts a string and returns a number.
const Zod = z.object({ price: z.string().transform(Number) })
const Valibot = v.object({ price: v.pipe(v.string(), v.transform(Number)) })
const Arktype = type({ price: type('string').pipe((text) => Number(text)) })

interface Input {
  readonly price: string
}
interface Output {
  readonly price: number
}
interface Wider {
  readonly price: number | string
  readonly size?: number
}
interface Narrower {
  readonly price: number
  readonly size: number
}

describe(`The types of handlers with a schema, with ${DIALECT} decorators,`, () => {
  it("check the parameter against a zod schema's output, with or without a key", () => {
    class Keyed {
      @OnMessage('a', Zod) output(_message: Output, _context: MessageContext): void {}
      @OnMessage('b', Zod) inferred(_message: z.output<typeof Zod>): void {}
      // @ts-expect-error -- receives the output of the schema, not its input
      @OnMessage('c', Zod) input(_message: Input): void {}
      // @ts-expect-error -- the output has no size
      @OnMessage('d', Zod) narrower(_message: Narrower): void {}
      // @ts-expect-error -- the output is not a string
      @OnMessage('e', Zod) text(_message: string): void {}
      // @ts-expect-error -- receives the output of the schema, not its input
      @OnMessage(6, Zod) six(_message: Input): void {}
    }
    class Alone {
      @OnMessage(Zod) output(_message: Output, _context: MessageContext): void {}
      // @ts-expect-error -- receives the output of the schema, not its input
      @OnMessage(Zod) input(_message: Input): void {}
      // @ts-expect-error -- the output has no size
      @OnMessage(Zod) narrower(_message: Narrower): void {}
    }
    stands(Keyed, Alone)
  })

  it("check the parameter against a valibot schema's output, with or without a key", () => {
    class Keyed {
      @OnMessage('a', Valibot) output(_message: Output, _context: MessageContext): void {}
      @OnMessage('b', Valibot) inferred(_message: v.InferOutput<typeof Valibot>): void {}
      // @ts-expect-error -- receives the output of the schema, not its input
      @OnMessage('c', Valibot) input(_message: Input): void {}
      // @ts-expect-error -- the output has no size
      @OnMessage('d', Valibot) narrower(_message: Narrower): void {}
    }
    class Alone {
      @OnMessage(Valibot) output(_message: Output): void {}
      // @ts-expect-error -- receives the output of the schema, not its input
      @OnMessage(Valibot) input(_message: Input): void {}
    }
    stands(Keyed, Alone)
  })

  it("check the parameter against an arktype schema's output, with or without a key", () => {
    class Keyed {
      @OnMessage('a', Arktype) output(_message: Output, _context: MessageContext): void {}
      @OnMessage('b', Arktype) inferred(_message: typeof Arktype.infer): void {}
      // @ts-expect-error -- receives the output of the schema, not its input
      @OnMessage('c', Arktype) input(_message: Input): void {}
      // @ts-expect-error -- the output has no size
      @OnMessage('d', Arktype) narrower(_message: Narrower): void {}
    }
    class Alone {
      @OnMessage(Arktype) output(_message: Output): void {}
      // @ts-expect-error -- receives the output of the schema, not its input
      @OnMessage(Arktype) input(_message: Input): void {}
    }
    stands(Keyed, Alone)
  })

  it('accept a handler with fewer parameters or wider types', () => {
    class Generous {
      @OnMessage('a', Zod) none(): void {}
      @OnMessage('b', Zod) wider(_message: Wider): void {}
      @OnMessage('c', Zod) unknown(_message: unknown): void {}
      @OnMessage('d', Zod) object(_message: object): void {}
      @OnMessage(Valibot) @OnMessage('e', Arktype) both(_message: Wider): void {}
    }
    stands(Generous)
  })

  it('check async handlers and generators in the same way', () => {
    class Later {
      @OnMessage('a', Zod) async right(_message: Output): Promise<number> {
        return 1
      }
      @OnMessage('b', Zod) async *items(_message: Output): AsyncGenerator<Output> {}
      // @ts-expect-error -- receives the output of the schema, not its input
      @OnMessage('c', Zod) async wrong(_message: Input): Promise<void> {}
      // @ts-expect-error -- receives the output of the schema, not its input
      @OnMessage('d', Zod) async *wrongItems(_message: Input): AsyncGenerator<Output> {}
    }
    stands(Later)
  })

  it('check a method against each of several decorators', () => {
    const Volume = z.object({ volume: z.number() })
    class Several {
      @OnMessage('a', Zod) @OnMessage('b', Volume) right(_message: Output | { volume: number }): void {}
      // @ts-expect-error -- receives volumes, too
      @OnMessage('c', Zod) @OnMessage('d', Volume) wrong(_message: Output): void {}
    }
    stands(Several)
  })

  it('accept only a MessageContext as the second parameter', () => {
    class Contexts {
      // @ts-expect-error -- the second parameter is a MessageContext
      @OnMessage('a', Zod) keyed(_message: Output, _context: ErrorContext): void {}
      // @ts-expect-error -- the second parameter is a MessageContext
      @OnMessage(Zod) alone(_message: Output, _context: string): void {}
      // @ts-expect-error -- no third parameter
      @OnMessage('b', Zod) three(_message: Output, _context: MessageContext, _more: unknown): void {}
    }
    stands(Contexts)
  })

  it('accept only a Standard Schema after the key', () => {
    class Schemas {
      // @ts-expect-error -- not a Standard Schema
      @OnMessage('a', { parse: () => 1 }) parse(): void {}
      // @ts-expect-error -- the key comes first
      @OnMessage(Zod, 'b') turned(): void {}
    }
    stands(Schemas)
  })
})
