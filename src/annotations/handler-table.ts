import type { Mistake } from '../errors/startup-error.js'
import { isSchema } from '../core/schema.js'
import type { Schema } from '../core/schema.js'
import { className } from '../core/token.js'
import type { Class } from '../core/token.js'
import type { ClientOptionName } from './client-option.js'
import { findDecoratorMistake, findMistake } from './handler-mistakes.js'
import { messageArguments } from './message-arguments.js'
import { givenToDecorators, ownClientOptions, ownHandlers, standardMetadata } from './metadata.js'
import type { ErrorClass, HandlerEvent, HandlerRecord, MessageKey } from './metadata.js'

type AnyClass = abstract new (...args: never[]) => object

/** A method that handles an event. */
export interface Handler {
  readonly method: string | symbol
  /** Name of the method in errors and logs, such as `TickerClient#tick`. */
  readonly name: string
  /** Event that the method handles. */
  readonly event: HandlerEvent
  /** Decorator and its arguments, such as `@OnMessage('ticker')`. */
  readonly decorator: string
  /** True for the handler of all unhandled messages, regardless of their keys and contents. */
  readonly isCatchAll?: boolean | undefined
}

/** A method that handles messages. */
export interface MessageHandler extends Handler {
  /** Schema that a message must match. If it is not set, the handler accepts any message. */
  readonly schema?: Schema | undefined
  /** Handler to try next if the schema does not match. */
  readonly alternative?: MessageHandler | undefined
  /** Whether the handler also runs while `@OnOpen` runs, as set in the decorator. The same for all handlers of a key. */
  readonly duringOpen?: boolean | undefined
}

/** Events that a class can have at most one handler for. */
export type SingleEvent = Exclude<HandlerEvent, 'message' | 'error' | 'option'>

/** All handlers of a class, read and validated once. Lookups use Maps, so that a message from the server cannot reach a prototype. */
export interface HandlerTable {
  readonly single: Readonly<Partial<Record<SingleEvent, Handler>>>
  readonly messages: ReadonlyMap<MessageKey, MessageHandler>
  /** Handler for messages whose key has no handler. */
  readonly rest: MessageHandler | undefined
  /** Handlers by the prototype of their error class. */
  readonly errors: ReadonlyMap<object, Handler>
  /** Handler for errors whose class has no handler. */
  readonly anyError: Handler | undefined
  /** Methods that are options of the client. */
  readonly options: ReadonlyMap<ClientOptionName, Handler>
}

/** Handlers of a class, and the problems found. */
export interface CheckedHandlers {
  readonly table: HandlerTable
  readonly mistakes: readonly Mistake[]
}

/** Results by class. Shared by all clients, because Holdfast reads and validates a class's handlers once per process. */
const checked = new WeakMap<object, CheckedHandlers>()

/** Reads and validates the handlers of a class, inherited handlers first. Each class is read only once. */
export function handlersOf(target: AnyClass): CheckedHandlers {
  let handlers = checked.get(target)
  if (!handlers) {
    handlers = new TableBuilder(target).build()
    checked.set(target, handlers)
  }
  return handlers
}

interface Declared {
  readonly record: HandlerRecord
  /** Class that declares the method, not a class that inherits it. */
  readonly owner: Class
}

const NO_HANDLERS_FIX =
  'decorate a method, for example with @OnMessage(), or add @Module({ clients: [TheClient] }) to make the class a module'

const DUPLICATE_FIX = 'keep one, and call the other from it'
const SHARED_KEY_FIX = 'keep one, or give each its own schema'

/** Represents the argument of a decorator that has none. */
const NONE = Symbol('none')

class TableBuilder {
  readonly #target: AnyClass
  readonly #mistakes: Mistake[] = []
  /** Methods by event, then by decorator argument. */
  readonly #taken = new Map<HandlerEvent, Map<unknown, Declared>>()
  readonly #single: Partial<Record<SingleEvent, Handler>> = {}
  readonly #messages = new MessagePlaces()
  readonly #errors = new Map<object, Handler>()
  readonly #options = new Map<ClientOptionName, Handler>()
  #anyError: Handler | undefined

  constructor(target: AnyClass) {
    this.#target = target
  }

  build(): CheckedHandlers {
    const problem = findDecoratorMistake('@WebSocketClient', givenToDecorators(this.#target).client)
    if (problem) this.#mistake(className(this.#target), problem.cause, problem.fix)
    const declared = declaredHandlers(this.#target)
    for (const each of declared) this.#add(each)
    if (declared.every(({ record }) => record.event === 'option')) {
      this.#mistake(className(this.#target), 'no handlers found', NO_HANDLERS_FIX)
    }
    for (const [declared, other] of this.#messages.disagreements()) {
      const cause = `duringOpen does not match ${nameOf(other)}, which handles the same key`
      const fix = 'use the same duringOpen for both: it applies to the key, before schemas are checked'
      this.#mistake(nameOf(declared), cause, fix)
    }
    const table = {
      single: this.#single,
      ...this.#messages.chain(this.#target),
      errors: this.#errors,
      anyError: this.#anyError,
      options: this.#options,
    }
    return { table, mistakes: this.#mistakes }
  }

  #add(declared: Declared): void {
    const { record } = declared
    const problem = findMistake(record, this.#target.prototype as object)
    if (problem) {
      this.#mistake(nameOf(declared), problem.cause, problem.fix)
      return
    }
    const rival = record.event === 'message' ? this.#messages.take(declared) : this.#take(declared)
    if (rival) {
      const cause = `duplicate ${record.decorator}: ${nameOf(rival)} already has it`
      const isKeyed = record.event === 'message' && keyOf(record.args) !== NONE
      this.#mistake(nameOf(declared), cause, isKeyed ? SHARED_KEY_FIX : DUPLICATE_FIX)
      return
    }
    this.#place(record, handlerOf(this.#target, record))
  }

  /** Registers a record under its event and argument. If another method is already registered there, returns that method instead. */
  #take(declared: Declared): Declared | undefined {
    const { event, args, member } = declared.record
    const places = this.#taken.get(event) ?? new Map<unknown, Declared>()
    this.#taken.set(event, places)
    const argument = args.length > 0 ? args[0] : NONE
    const rival = places.get(argument)
    if (rival && rival.record.member !== member) return rival
    places.set(argument, declared)
    return undefined
  }

  #place({ event, args }: HandlerRecord, handler: Handler): void {
    if (event === 'message') return
    if (event === 'option') this.#options.set(args[0] as ClientOptionName, handler)
    else if (event === 'error') {
      if (args.length > 0) this.#errors.set((args[0] as ErrorClass).prototype as object, handler)
      else this.#anyError = handler
    } else this.#single[event] = handler
  }

  #mistake(place: string, cause: string, fix: string): void {
    this.#mistakes.push({ place, cause, fix })
  }
}

/** Handlers by key. Several handlers can share a key if their schemas tell the messages apart. */
class MessagePlaces {
  readonly #places = new Map<unknown, Declared[]>()

  /** Registers a handler. If another method would receive exactly the same messages, returns that method instead. */
  take(declared: Declared): Declared | undefined {
    const { member, args } = declared.record
    const key = keyOf(args)
    // If a subclass decorates the method again, the subclass's decorators win.
    const others = (this.#places.get(key) ?? []).filter(
      ({ record, owner }) => record.member !== member || owner === declared.owner,
    )
    const isShared = key !== NONE
    const rival = others.find(
      ({ record }) =>
        record.member !== member && (!isShared || schemaOf(record.args) === schemaOf(declared.record.args)),
    )
    if (rival) return rival
    this.#places.set(key, [...others, declared])
    return undefined
  }

  /** Returns pairs of handlers that have the same key but different `duringOpen` values. */
  disagreements(): (readonly [Declared, Declared])[] {
    return [...this.#places.values()].flatMap((declared) => {
      const [first, ...others] = declared as [Declared, ...Declared[]]
      const other = others.find((each) => duringOpenOf(each) !== duringOpenOf(first))
      return other ? [[other, first] as const] : []
    })
  }

  /**
   * Chains the handlers of each key in the order in which they are tried: in the order of declaration, but a handler without a schema comes
   * last.
   */
  chain(target: AnyClass): Pick<HandlerTable, 'messages' | 'rest'> {
    const messages = new Map<MessageKey, MessageHandler>()
    let rest: MessageHandler | undefined
    for (const [key, declared] of this.#places) {
      const takesAny = ({ record }: Declared): number => (schemaOf(record.args) ? 0 : 1)
      const order = [...declared].sort((one, other) => takesAny(one) - takesAny(other))
      const first = order.reduceRight<MessageHandler | undefined>((alternative, { record }) => {
        const { schema, options } = messageArguments(record.args)
        const { duringOpen } = options
        return {
          ...handlerOf(target, record),
          ...(duringOpen !== undefined && { duringOpen }),
          ...(schema && { schema }),
          ...(!schema && key === NONE && { isCatchAll: true }),
          ...(alternative && { alternative }),
        }
      }, undefined)
      if (key === NONE) rest = first
      else if (first) messages.set(key as MessageKey, first)
    }
    return { messages, rest }
  }
}

function keyOf(args: HandlerRecord['args']): unknown {
  const { names } = messageArguments(args)
  return names.length === 0 || isSchema(names[0]) ? NONE : names[0]
}

function schemaOf(args: HandlerRecord['args']): Schema | undefined {
  return messageArguments(args).schema
}

function duringOpenOf({ record }: Declared): boolean | undefined {
  return messageArguments(record.args).options.duringOpen
}

function handlerOf(target: AnyClass, { member, event, decorator }: HandlerRecord): Handler {
  return { method: member, name: `${className(target)}#${String(member)}`, event, decorator }
}

/** Returns the names of a class's handlers, including inherited handlers. */
export function handlerNames(target: AnyClass): string[] {
  return declaredHandlers(target).map(nameOf)
}

/** Returns true for a client, which is a class that has handlers or its own `@WebSocketClient`. */
export function isClientClass(target: AnyClass): boolean {
  return ownClientOptions(target) !== undefined || declaredHandlers(target).length > 0
}

/** Collects the records of a class and its base classes, base classes first. */
function declaredHandlers(target: AnyClass): Declared[] {
  const declared: Declared[] = []
  let prototype = target.prototype as object | null
  while (prototype && prototype !== Object.prototype) {
    const { constructor } = prototype as { constructor: Class }
    const functions = ownFunctions(prototype).filter((value) => value !== constructor)
    const metadata = standardMetadata(constructor)
    const records = [prototype, constructor, ...(metadata ? [metadata] : []), ...functions].flatMap(
      ownHandlers,
    )
    declared.unshift(...records.map((record) => ({ record, owner: constructor })))
    prototype = Object.getPrototypeOf(prototype) as object | null
  }
  return declared
}

/** Returns the methods, getters and setters on which standard decorators without metadata store their records. */
function ownFunctions(prototype: object): object[] {
  const names = [...Object.getOwnPropertyNames(prototype), ...Object.getOwnPropertySymbols(prototype)]
  return names
    .flatMap((name): unknown[] => Object.values(Object.getOwnPropertyDescriptor(prototype, name) ?? {}))
    .filter((part) => typeof part === 'function')
}

function nameOf({ record: { kind, member }, owner }: Declared): string {
  if (kind === 'class') return className(owner)
  const name = String(member)
  // A private member's name already starts with #.
  return name.startsWith('#') ? className(owner) + name : `${className(owner)}#${name}`
}
