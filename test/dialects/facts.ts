import { MessageValidationError } from 'holdfast'
import type { Class, Connection, Schema } from 'holdfast'
import type { Handler, HandlerTable, MessageHandler } from '#src/annotations/handler-table.js'

interface Feeding {
  readonly log: readonly string[]
  readonly connection: Connection
  readonly store: { readonly prices: readonly number[] }
  readonly greetings?: readonly string[]
}

/** Exports of both annotated.ts and named.ts, and those of annotated.ts alone. */
export interface Sources {
  readonly schemas: Readonly<Record<'Price' | 'Volume', Schema>>
  readonly Every: Class
  readonly Base: Class
  readonly Left: Class
  readonly Right: Class
  readonly Overriding: Class<{ opened(): string; a(): string }>
  readonly Redecorated: Class
  readonly Wrapping: Class
  readonly Twins: Class
  readonly Empty: Class
  readonly Feed: Class<Feeding>
  readonly Inheriting: Class<Feeding>
  readonly Store: Class
  readonly Ledger: Class<{ readonly store: object }>
  readonly Bookkeeping: Class<{ readonly ledger: { readonly store: object } }>
  readonly Typed: Class<Pick<Feeding, 'connection'>>
  readonly Misplaced: Class
  readonly Misused: Class
  readonly Uncalled: Class
}

/** A handler table as text. */
export interface TableView {
  readonly single: Readonly<Record<string, string>>
  readonly messages: ReadonlyMap<string | number, string>
  readonly rest: string | undefined
  readonly errors: ReadonlyMap<object, string>
  readonly anyError: string | undefined
}

/** Converts a table to text, so that tables of different compilations, which have different schemas, can be compared. */
export function viewOf(table: HandlerTable, schemas: Sources['schemas']): TableView {
  const handler = ({ name }: Handler): string => name
  const message = (first: MessageHandler): string => {
    const named = Object.entries(schemas).find(([, schema]) => schema === first.schema)
    const schema = first.schema ? `, ${named?.[0] ?? 'an unknown schema'}` : ''
    const early = first.duringOpen === undefined ? '' : `, duringOpen: ${first.duringOpen}`
    const own = `${handler(first)}${schema}${early}`
    return first.alternative ? `${own} | ${message(first.alternative)}` : own
  }
  const { single, messages, rest, errors, anyError } = table
  return {
    single: Object.fromEntries(Object.entries(single).map(([event, each]) => [event, handler(each)])),
    messages: new Map([...messages].map(([key, each]) => [key, message(each)])),
    rest: rest && message(rest),
    errors: new Map([...errors].map(([prototype, each]) => [prototype, handler(each)])),
    anyError: anyError && handler(anyError),
  }
}

const nothing = { single: {}, messages: new Map(), rest: undefined, errors: new Map(), anyError: undefined }

/** The tables of the classes without mistakes. */
export const TABLES: Readonly<Partial<Record<keyof Sources, TableView>>> = {
  Every: {
    single: {
      open: 'Every#opened',
      binary: 'Every#binary',
      ping: 'Every#heard',
      pong: 'Every#heard',
      stateChange: 'Every#changed',
      closing: 'Every#closing',
      close: 'Every#closed',
    },
    messages: new Map<string | number, string>([
      ['price', 'Every#price, Price, duringOpen: true'],
      ['a', 'Every#several'],
      ['b', 'Every#several'],
      [3, 'Every#several'],
      ['book', 'Every#priceBook, Price | Every#volumeBook, Volume | Every#anyBook'],
      ['constructor', 'Every#later, duringOpen: false'],
      ['__proto__', 'Every#generated'],
      // The parameter count of a method with a computed name is unknown.
      ['symbol', 'Every#Symbol(received)'],
    ]),
    rest: 'Every#rest, Volume, duringOpen: true',
    errors: new Map<object, string>([
      [MessageValidationError.prototype, 'Every#invalid'],
      [TypeError.prototype, 'Every#odd'],
      [RangeError.prototype, 'Every#odd'],
    ]),
    anyError: 'Every#failed',
  },
  Base: {
    ...nothing,
    single: { open: 'Base#opened' },
    messages: new Map([
      ['a', 'Base#a'],
      ['b', 'Base#b, Price'],
    ]),
  },
  Left: {
    ...nothing,
    single: { open: 'Left#opened' },
    messages: new Map([
      ['a', 'Left#a'],
      ['b', 'Left#b, Price'],
      ['left', 'Left#left'],
    ]),
  },
  Right: {
    ...nothing,
    single: { open: 'Right#opened' },
    messages: new Map([
      ['a', 'Right#a'],
      ['b', 'Right#b, Price'],
      ['right', 'Right#right'],
    ]),
  },
  Overriding: {
    ...nothing,
    single: { open: 'Overriding#opened' },
    messages: new Map([
      ['a', 'Overriding#a'],
      ['b', 'Overriding#b, Price'],
      ['left', 'Overriding#left'],
    ]),
  },
  Redecorated: {
    ...nothing,
    single: { open: 'Redecorated#opened' },
    messages: new Map([
      ['a', 'Redecorated#a'],
      ['b', 'Redecorated#b, Volume'],
      ['c', 'Redecorated#a'],
    ]),
  },
  Wrapping: {
    ...nothing,
    messages: new Map([
      ['over', 'Wrapping#over'],
      ['under', 'Wrapping#under'],
    ]),
  },
}

const RIVAL = 'keep one, and call the other from it'
const SHARED_KEY = 'keep one, or give each its own schema'

/** The mistakes in Twins, and their fixes. */
export const TWINS: readonly string[] = [
  `Twins#open2: ${RIVAL}`,
  `Twins#a2: ${SHARED_KEY}`,
  `Twins#b2: ${SHARED_KEY}`,
  `Twins#rest2: ${RIVAL}`,
  `Twins#error2: ${RIVAL}`,
]

/** Mistakes that only decorators make possible. */
export const MISPLACED: readonly string[] = [
  "Misplaced#still: @OnMessage('static') cannot decorate a static member",
  "Misplaced#field: @OnMessage('field') cannot decorate a property",
  "Misplaced#getter: @OnMessage('getter') cannot decorate an accessor",
  "Misplaced#setter: @OnMessage('setter') cannot decorate an accessor",
]

/** Decorators without parentheses. */
export const UNCALLED: readonly string[] = [
  'Uncalled: @WebSocketClient requires parentheses',
  'Uncalled#opened: @OnOpen requires parentheses',
  'Uncalled#received: @OnMessage requires parentheses',
  'Uncalled#url: @ClientOption requires parentheses',
]

export const MISUSED: readonly string[] = [
  'Misused#many: has 3 parameters, but handlers receive 2: the event and its context',
  'Misused#lost: the key of @OnMessage(undefined) must be a string or a number, received undefined (circular import?)',
  "Misused#unschematic: the schema of @OnMessage('key', {…}) does not implement Standard Schema",
  'Misused#map: the argument of @OnError(Map) is not an error class',
]

/** Members that only standard decorators can be applied to. */
export const STANDARD: readonly string[] = [
  "#auto: @OnMessage('auto') cannot decorate an accessor",
  "#private: @OnMessage('private') cannot decorate a private member",
  "#hidden: @OnMessage('hidden') cannot decorate a static member",
]
