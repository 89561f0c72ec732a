/* eslint-disable @typescript-eslint/no-unused-vars -- the signatures are what is tested */
import { type } from 'arktype'
import { Connection, defineHandlers, HandshakeError } from 'holdfast'
import type {
  CloseInfo,
  ClosingInfo,
  ConnectionState,
  ErrorContext,
  MessageContext,
  OpenInfo,
} from 'holdfast'
import * as v from 'valibot'
import * as z from 'zod'
import { DIALECT, stands } from './assertions.js'

const Zod = z.object({ price: z.string().transform(Number) })
const Valibot = v.object({ price: v.pipe(v.string(), v.transform(Number)) })
const Arktype = type({ price: type('string').pipe((text) => Number(text)) })

/** Methods of all kinds. Each test passes their names for a separate subclass. */
class Methods {
  readonly price: number = 1
  none(): void {}
  open(_open: OpenInfo): void {}
  closing(_closing: ClosingInfo): void {}
  close(_close: CloseInfo): void {}
  state(_state: ConnectionState): void {}
  bytes(_data: Uint8Array): void {}
  error(_error: Error, _context: ErrorContext): void {}
  handshake(_error: HandshakeError): void {}
  input(_message: { price: string }): void {}
  output(_message: { price: number }, _context: MessageContext): void {}
  wider(_message: { price: number | string }): void {}
  unknown(_message: unknown): void {}
  async later(_message: { price: number }): Promise<void> {}
  odd(_message: unknown, _context: string): void {}
  three(_message: unknown, _context: MessageContext, _more: string): void {}
}

describe(`The types of defineHandlers, with ${DIALECT} decorators,`, () => {
  it('accept a method for every event', () => {
    class Right extends Methods {}
    defineHandlers(Right, {
      open: 'open',
      message: 'unknown',
      binary: 'bytes',
      ping: 'bytes',
      pong: 'none',
      stateChange: 'state',
      error: [[HandshakeError, 'handshake'], 'error'],
      closing: 'closing',
      close: 'close',
    })
    class Single extends Methods {}
    defineHandlers(Single, { error: 'error', message: ['none'] }, { inject: [Connection] })
    stands(Right, Single)
  })

  it('reject anything but a method name', () => {
    class Wrong extends Methods {}
    // @ts-expect-error -- no such method
    defineHandlers(Wrong, { open: 'opened' })
    // @ts-expect-error -- not a method
    defineHandlers(Wrong, { close: 'price' })
    // @ts-expect-error -- no such method
    defineHandlers(Wrong, { message: 'received' })
    // @ts-expect-error -- no such method
    defineHandlers(Wrong, { message: ['received'] })
    // @ts-expect-error -- no such method
    defineHandlers(Wrong, { message: [['ticker', 'received']] })
    // @ts-expect-error -- no such method
    defineHandlers(Wrong, { message: [['ticker', Zod, 'received']] })
    // @ts-expect-error -- no such method
    defineHandlers(Wrong, { message: [[Zod, 'received']] })
    // @ts-expect-error -- no such method
    defineHandlers(Wrong, { error: [[HandshakeError, 'received']] })
    // @ts-expect-error -- no such event
    defineHandlers(Wrong, { opened: 'open' })
    stands(Wrong)
  })

  it('check parameters against the event', () => {
    class Wrong extends Methods {}
    // @ts-expect-error -- open passes an OpenInfo
    defineHandlers(Wrong, { open: 'close' })
    // @ts-expect-error -- closing passes a ClosingInfo
    defineHandlers(Wrong, { closing: 'close' })
    // @ts-expect-error -- close passes a CloseInfo
    defineHandlers(Wrong, { close: 'open' })
    // @ts-expect-error -- binary passes bytes
    defineHandlers(Wrong, { binary: 'input' })
    // @ts-expect-error -- stateChange passes a state
    defineHandlers(Wrong, { stateChange: 'bytes' })
    // @ts-expect-error -- error passes any Error, not only a HandshakeError
    defineHandlers(Wrong, { error: 'handshake' })
    // @ts-expect-error -- a message has its context
    defineHandlers(Wrong, { message: 'odd' })
    // @ts-expect-error -- a message has its context
    defineHandlers(Wrong, { message: [['a', 'odd']] })
    // @ts-expect-error -- handlers receive two arguments
    defineHandlers(Wrong, { message: [['a', 'three']] })
    stands(Wrong)
  })

  it('accept options before the method', () => {
    const during = { duringOpen: true } as const
    class Right extends Methods {}
    defineHandlers(Right, {
      message: [
        ['a', { duringOpen: true }, 'input'],
        ['b', Zod, { duringOpen: false }, 'output'],
        [Arktype, during, 'output'],
      ],
    })
    class Rest extends Methods {}
    defineHandlers(Rest, { message: [[{ duringOpen: true }, 'unknown']] })
    class Mapped extends Methods {}
    defineHandlers(Mapped, { message: { a: [during, 'unknown'], b: [Valibot, during, 'output'], c: 'none' } })
    class Wrong extends Methods {}
    // @ts-expect-error -- no such option
    defineHandlers(Wrong, { message: [['a', { duringOpn: true }, 'input']] })
    // @ts-expect-error -- must be a boolean
    defineHandlers(Wrong, { message: [['a', Zod, { duringOpen: 1 }, 'output']] })
    // @ts-expect-error -- receives the output of zod, not its input
    defineHandlers(Wrong, { message: [['a', Zod, during, 'input']] })
    // @ts-expect-error -- receives the output of zod, not its input
    defineHandlers(Wrong, { message: { a: [Zod, during, 'input'] } })
    // @ts-expect-error -- no such method
    defineHandlers(Wrong, { message: [[during, 'received']] })
    stands(Right, Rest, Mapped, Wrong)
  })

  it("check parameters against a schema's output, with or without a key", () => {
    class Right extends Methods {}
    defineHandlers(Right, {
      message: [
        ['a', Zod, 'output'],
        ['b', Zod, 'later'],
        ['c', Valibot, 'output'],
        ['d', Arktype, 'output'],
        ['e', Zod, 'none'],
        ['f', Zod, 'wider'],
        [7, Zod, 'unknown'],
        ['h', 'input'],
        [Zod, 'output'],
      ],
    })
    class Wrong extends Methods {}
    // @ts-expect-error -- receives the output of zod, not its input
    defineHandlers(Wrong, { message: [['a', Zod, 'input']] })
    // @ts-expect-error -- receives the output of valibot, not its input
    defineHandlers(Wrong, { message: [['a', Valibot, 'input']] })
    // @ts-expect-error -- receives the output of arktype, not its input
    defineHandlers(Wrong, { message: [['a', Arktype, 'input']] })
    // @ts-expect-error -- receives the output of zod, not its input
    defineHandlers(Wrong, { message: [[Zod, 'input']] })
    // @ts-expect-error -- one invalid entry among valid ones
    defineHandlers(Wrong, { message: [['a', Zod, 'output'], ['b', Zod, 'input'], 'none'] })
    stands(Right, Wrong)
  })

  it('check the methods in a map of messages in the same way', () => {
    class Right extends Methods {}
    defineHandlers(Right, {
      message: { a: 'input', b: [Zod, 'output'], c: [Valibot, 'none'], d: [Arktype, 'later'], 7: 'unknown' },
    })
    class Wrong extends Methods {}
    // @ts-expect-error -- no such method
    defineHandlers(Wrong, { message: { a: 'none', b: 'received' } })
    // @ts-expect-error -- no such method
    defineHandlers(Wrong, { message: { a: [Zod, 'received'] } })
    // @ts-expect-error -- a message has its context
    defineHandlers(Wrong, { message: { a: 'odd' } })
    // @ts-expect-error -- receives the output of zod, not its input
    defineHandlers(Wrong, { message: { a: [Zod, 'input'] } })
    // @ts-expect-error -- receives the output of arktype, not its input
    defineHandlers(Wrong, { message: { a: 'none', b: [Arktype, 'input'] } })
    // @ts-expect-error -- not a Standard Schema
    defineHandlers(Wrong, { message: { a: [{ parse: () => 1 }, 'none'] } })
    // @ts-expect-error -- an entry is a method, or a schema and a method
    defineHandlers(Wrong, { message: { a: ['b', Zod, 'none'] } })
    stands(Right, Wrong)
  })

  it('reject anything but a Standard Schema, and anything but an error class', () => {
    class Wrong extends Methods {}
    // @ts-expect-error -- not a Standard Schema
    defineHandlers(Wrong, { message: [['a', { parse: () => 1 }, 'none']] })
    // @ts-expect-error -- the key comes first
    defineHandlers(Wrong, { message: [[Zod, 'a', 'none']] })
    // @ts-expect-error -- not an error class
    defineHandlers(Wrong, { error: [[Map, 'none']] })
    // @ts-expect-error -- a key is a string or a number
    defineHandlers(Wrong, { message: [[true, 'none']] })
    stands(Wrong)
  })

  it("check option methods against the option's parameters and result", () => {
    class Feed extends Methods {
      url(): string {
        return 'wss://feed.example.com'
      }
      isReply(_message: { op: number }): boolean {
        return true
      }
    }
    defineHandlers(Feed, { message: 'none', option: { url: 'url', 'heartbeat.isReply': 'isReply' } })
    class Wrong extends Feed {}
    // @ts-expect-error -- does not return a URL
    defineHandlers(Wrong, { message: 'none', option: { url: 'isReply' } })
    // @ts-expect-error -- not an option that can be a method
    defineHandlers(Wrong, { message: 'none', option: { connectTimeout: 'none' } })
    stands(Feed, Wrong)
  })

  it('check the class options', () => {
    class Wrong extends Methods {}
    // @ts-expect-error -- no such option
    defineHandlers(Wrong, { message: 'none' }, { hartbeat: false })
    stands(Wrong)
  })
})
