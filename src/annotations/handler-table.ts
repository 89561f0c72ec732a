import type { Mistake } from '../errors.js'
import { ownHandlers, standardMetadata } from './metadata.js'
import type { ErrorClass, HandlerEvent, HandlerRecord, MessageKey } from './metadata.js'
import type { Class } from '../token.js'

/** A method that handles something. */
export interface Handler {
  readonly method: string | symbol
  /** The method's name for people: `TickerClient#tick`. */
  readonly name: string
}

/** Events that a class has one handler for. */
export type SingleEvent = Exclude<HandlerEvent, 'message' | 'error'>

/** All handlers of a class, read and checked once. Lookups are Maps: what a peer sends cannot reach a prototype. */
export interface HandlerTable {
  readonly single: Readonly<Partial<Record<SingleEvent, Handler>>>
  readonly messages: ReadonlyMap<MessageKey, Handler>
  /** For messages that no key takes. */
  readonly rest: Handler | undefined
  /** By the prototype of the class of errors. */
  readonly errors: ReadonlyMap<object, Handler>
  /** For errors that no class takes. */
  readonly anyError: Handler | undefined
}

/** A class's handlers, and what is wrong with them. */
export interface CheckedHandlers {
  readonly table: HandlerTable
  readonly mistakes: readonly Mistake[]
}

const checked = new WeakMap<object, CheckedHandlers>()

/** Reads the handlers of a class, those that it inherits first, and checks them. Done once per class. */
export function handlersOf(target: abstract new (...args: never[]) => object): CheckedHandlers {
  let handlers = checked.get(target)
  if (!handlers) {
    handlers = new TableBuilder(target).build()
    checked.set(target, handlers)
  }
  return handlers
}

interface Declared {
  readonly record: HandlerRecord
  /** The class that declares it, not one that inherits it. */
  readonly owner: string
}

/** The most parameters that any handler gets: the event, and its context. */
const MOST_PARAMETERS = 2

const NO_HANDLERS_FIX =
  'put a decorator on at least one method, such as @OnMessage(), with its parentheses (a module needs @Module({ … }) on its class)'

/** Stands for the argument of a decorator that was given none. */
const NONE = Symbol('none')

class TableBuilder {
  readonly #target: abstract new (...args: never[]) => object
  readonly #mistakes: Mistake[] = []
  /** Who has taken which place: by event, then by the decorator's argument. */
  readonly #taken = new Map<HandlerEvent, Map<unknown, Declared>>()
  readonly #single: Partial<Record<SingleEvent, Handler>> = {}
  readonly #messages = new Map<MessageKey, Handler>()
  readonly #errors = new Map<object, Handler>()
  #rest: Handler | undefined
  #anyError: Handler | undefined

  constructor(target: abstract new (...args: never[]) => object) {
    this.#target = target
  }

  build(): CheckedHandlers {
    const declared = declaredHandlers(this.#target)
    for (const each of declared) this.#add(each)
    if (declared.length === 0) {
      this.#mistake(this.#target.name, 'has no handlers', NO_HANDLERS_FIX)
    }
    const table = {
      single: this.#single,
      messages: this.#messages,
      rest: this.#rest,
      errors: this.#errors,
      anyError: this.#anyError,
    }
    return { table, mistakes: this.#mistakes }
  }

  #add(declared: Declared): void {
    const { record } = declared
    const prototype = this.#target.prototype as object
    const problem = kindProblem(record) ?? methodProblem(record, prototype) ?? argumentProblem(record)
    if (problem) {
      this.#mistake(nameOf(declared), problem.cause, problem.fix)
      return
    }
    const rival = this.#take(declared)
    if (rival) {
      const cause = `is a second ${record.decorator}, after ${nameOf(rival)}`
      this.#mistake(nameOf(declared), cause, 'keep one of them, and let it call the other')
      return
    }
    this.#place(record, { method: record.member, name: `${this.#target.name}#${String(record.member)}` })
  }

  /** Takes the record's place for it, unless another method has it: that one is returned. */
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
    if (event === 'message') {
      if (args.length > 0) this.#messages.set(args[0] as MessageKey, handler)
      else this.#rest = handler
    } else if (event === 'error') {
      if (args.length > 0) this.#errors.set((args[0] as ErrorClass).prototype as object, handler)
      else this.#anyError = handler
    } else this.#single[event] = handler
  }

  #mistake(place: string, cause: string, fix: string): void {
    this.#mistakes.push({ place, cause, fix })
  }
}

/** Collects what a class and those that it extends have declared, the base first. */
function declaredHandlers(target: abstract new (...args: never[]) => object): Declared[] {
  const declared: Declared[] = []
  let prototype = target.prototype as object | null
  while (prototype && prototype !== Object.prototype) {
    const { constructor } = prototype as { constructor: Class }
    const methods = Object.values(Object.getOwnPropertyDescriptors(prototype)).map(
      ({ value }) => value as unknown,
    )
    const functions = methods.filter(
      (value) => typeof value === 'function' && value !== constructor,
    ) as object[]
    const metadata = standardMetadata(constructor)
    const records = [prototype, constructor, ...(metadata ? [metadata] : []), ...functions].flatMap(
      ownHandlers,
    )
    declared.unshift(...records.map((record) => ({ record, owner: constructor.name })))
    prototype = Object.getPrototypeOf(prototype) as object | null
  }
  return declared
}

function nameOf({ record, owner }: Declared): string {
  return record.kind === 'class' ? owner : `${owner}#${String(record.member)}`
}

type Problem = Pick<Mistake, 'cause' | 'fix'>

function kindProblem({ kind, decorator, member }: HandlerRecord): Problem | undefined {
  const name = String(member)
  switch (kind) {
    case 'method':
      return undefined
    case 'property':
      return {
        cause: `${decorator} is on a property, which does not exist before the class is made`,
        fix: `write a method: ${name}(…) { … } instead of ${name} = (…) => …`,
      }
    case 'standard':
      return {
        cause: `${decorator} was compiled as a standard decorator`,
        fix: 'set "experimentalDecorators": true in the tsconfig.json that compiles this file (esbuild and tsx read it there too)',
      }
    case 'static member':
      return {
        cause: `${decorator} is on a static member`,
        fix: `leave out "static": a handler is a method of the instance`,
      }
    case 'accessor':
      return {
        cause: `${decorator} is on an accessor`,
        fix: `write a method: ${name}(…) { … }, without get, set or accessor`,
      }
    case 'class':
    case 'parameter':
      return { cause: `${decorator} is on a ${kind}`, fix: 'put it on a method of the class' }
  }
}

function methodProblem({ member, decorator }: HandlerRecord, prototype: object): Problem | undefined {
  const method = (prototype as Record<string | symbol, unknown>)[member]
  if (typeof method !== 'function') {
    return {
      cause: `${decorator} is on something that is no method any more`,
      fix: 'do not override it with anything but a method',
    }
  }
  if (method.length <= MOST_PARAMETERS) return undefined
  return {
    cause: `takes ${method.length} parameters, and a handler gets ${MOST_PARAMETERS}: the event and its context`,
    fix: 'take what else it needs through the constructor',
  }
}

function argumentProblem({ event, args, decorator }: HandlerRecord): Problem | undefined {
  if (args.length === 0) return undefined
  const [argument] = args
  if (event === 'message' && typeof argument !== 'string' && typeof argument !== 'number') {
    return {
      cause: `${decorator} has a key that is neither a string nor a number`,
      fix: 'give the key as messages carry it, or none',
    }
  }
  if (event === 'error' && !isErrorClass(argument)) {
    return {
      cause: `${decorator} names no class of errors${argument === undefined ? ' (is it imported in a circle?)' : ''}`,
      fix: 'name Error or a class that extends it, or nothing at all',
    }
  }
  return undefined
}

function isErrorClass(argument: unknown): boolean {
  return typeof argument === 'function' && (argument === Error || argument.prototype instanceof Error)
}
