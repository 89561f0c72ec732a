import { AsyncLocalStorage } from '#platform'
import { handlersOf } from '../annotations/handler-table.js'
import type { HandlerTable, MessageHandler } from '../annotations/handler-table.js'
import { compilerMetadata, defineCompilerMetadata } from '../annotations/reflect.js'
import { className, tokenName } from '../core/token.js'
import type { Class } from '../core/token.js'
import type { Around } from '../dispatch/invoker.js'
import type { Mistake } from '../errors/startup-error.js'
import { isClass } from './tokens.js'
import { ApplicationConfig, ExternalContextCreator } from './nest-packages.js'
import type { ExecutionContext, ModulesContainer, NestContainer } from './nest-packages.js'

type Member = string | symbol
type Method = (...args: unknown[]) => unknown
type EnhancedCall = (event: unknown, context: unknown) => unknown
/** Nest's record of a module. */
type NestHost = ModulesContainer extends Map<string, infer Module> ? Module : never

// Keys under which Nest's decorators store enhancers. Nest 11 and 12 export them from different paths.
const GUARDS = '__guards__'
const INTERCEPTORS = '__interceptors__'
const FILTERS = '__exceptionFilters__'
const PIPES = '__pipes__'
const PARAMETERS = '__routeArguments__'

const ENHANCERS = [GUARDS, INTERCEPTORS, FILTERS, PIPES]

/** Key under which Nest finds the parameters of a handler. */
const HANDLER_PARAMETERS = 'holdfast:parameters'

/** Parameter that pipes apply to: `body`, the type that Nest's own gateways give to messages. */
const EVENT_PARAMETER = { '3:0': { index: 0, pipes: [] } }

/** Type of the execution context of handlers: `context.getType()`. */
const CONTEXT_TYPE = 'holdfast'

/**
 * Returns true if a guard, an interceptor, or a filter runs for a handler of a Holdfast client. `context.getArgs()` then returns the event,
 * such as a message, and its Holdfast context.
 */
export function isHoldfastContext(context: Pick<ExecutionContext, 'getType'>): boolean {
  return context.getType<string>() === CONTEXT_TYPE
}

/** Runs handlers through Nest's guards, interceptors, pipes and filters. */
export class Enhancers {
  readonly #creator: ExternalContextCreator
  readonly #modules: ModulesContainer
  readonly #usesGlobal: boolean
  /** Context of the running call. Nest passes only the piped parameters to a handler with pipes. */
  readonly #contexts = new AsyncLocalStorage<unknown>()

  private constructor(creator: ExternalContextCreator, modules: ModulesContainer, usesGlobal: boolean) {
    this.#creator = creator
    this.#modules = modules
    this.#usesGlobal = usesGlobal
  }

  /** Creates the enhancers of handlers, including those that the application registers globally. */
  static withGlobal(creator: ExternalContextCreator, modules: ModulesContainer): Enhancers {
    return new Enhancers(creator, modules, true)
  }

  /** Creates the enhancers of handlers that carry them. Nest's own creator would always add the global ones. */
  static ofHandlers(modules: ModulesContainer): Enhancers {
    const container = { applicationConfig: new ApplicationConfig(), getModules: () => modules }
    const creator = ExternalContextCreator.fromContainer(container as unknown as NestContainer)
    return new Enhancers(creator, modules, false)
  }

  /** Returns the wrapper for the handlers of an instance; `undefined` if none of them has an enhancer. */
  around(instance: object, target: Class): Around | undefined {
    const calls = new Map<Member, EnhancedCall>()
    for (const method of methodsOf(handlersOf(target).table)) {
      if (this.#usesGlobal || isEnhanced(target, method))
        calls.set(method, this.#create(instance, target, method))
    }
    if (calls.size === 0) return undefined
    const around: Around = ({ method, event, context }) => calls.get(method)?.(event, context)
    return Object.assign(around, { methods: new Set(calls.keys()) })
  }

  /**
   * Reports guards and other enhancers that Nest has not created where it looks for them. Nest would run the handlers without them.
   *
   * @param host module that provides the client, if one does. Some versions of Nest look there, others in the module of the class
   */
  findMistakes(target: Class, host?: NestHost): Mistake[] {
    const ofClass = [...this.#modules.values()].find((module) => module.hasProvider(target))
    const missing = enhancersOf(target).filter((enhancer) => {
      const isMissing = (module: NestHost | undefined): boolean => !module?.injectables.has(enhancer as Class)
      return isClass(enhancer) && (isMissing(ofClass) || isMissing(host ?? ofClass))
    })
    return [...new Set(missing)].map((enhancer) => ({
      place: className(target),
      cause: `uses ${tokenName(enhancer)}, but Nest only creates the guards, pipes, interceptors, and filters of classes that are themselves in the providers of a module`,
      fix: `pass an instance to the decorator, or list ${className(target)} in the providers of a module`,
    }))
  }

  #create(instance: object, target: Class, member: Member): EnhancedCall {
    const has = (key: string): boolean => this.#usesGlobal || isMarked(key, target, member)
    const options = { guards: true, interceptors: true, filters: has(FILTERS) }
    const method = (instance as Record<Member, Method>)[member] as Method
    const isPiped = has(PIPES) || inherited(PARAMETERS, target, member) !== undefined
    if (!isPiped) {
      return this.#creator.create(
        instance,
        method,
        member as string,
        undefined,
        undefined,
        undefined,
        undefined,
        options,
        CONTEXT_TYPE,
      )
    }
    nameParameters(target, member)
    const factory = { exchangeKeyForValue: (_type: number, _data: unknown, [event]: unknown[]) => event }
    const withContext = this.#withContext(method)
    const call = this.#creator.create(
      instance,
      withContext,
      member as string,
      HANDLER_PARAMETERS,
      factory,
      undefined,
      undefined,
      options,
      CONTEXT_TYPE,
    )
    return (event, context) => this.#contexts.run(context, () => call(event, context))
  }

  /** Returns a method that adds the context to the piped parameters. */
  #withContext(method: Method): Method {
    const contexts = this.#contexts
    function withContext(this: unknown, ...piped: unknown[]): unknown {
      return method.apply(this, piped.length > 1 ? piped : [piped[0], contexts.getStore()])
    }
    Object.defineProperty(withContext, 'name', { value: method.name })
    // Guards read the metadata of the handler, and inherit it from the method.
    return Object.setPrototypeOf(withContext, method) as Method
  }
}

/** Returns all methods that a dispatcher calls. */
function methodsOf({ single, messages, rest, errors, anyError }: HandlerTable): Set<Member> {
  const methods = new Set<Member>()
  for (const first of [...messages.values(), rest]) {
    for (let handler: MessageHandler | undefined = first; handler; handler = handler.alternative)
      methods.add(handler.method)
  }
  for (const handler of [...Object.values(single), ...errors.values(), anyError]) {
    if (handler) methods.add(handler.method)
  }
  return methods
}

/** Returns all enhancers of a class, its handlers, and their parameters, as classes or instances. */
function enhancersOf(target: Class): unknown[] {
  const prototype = target.prototype as Record<Member, Method | undefined>
  const members = [...methodsOf(handlersOf(target).table)]
  const methods = members.flatMap((member) => prototype[member] ?? [])
  const parameters = members.flatMap((member) => Object.values(parametersOf(target, member)))
  return [
    ...ENHANCERS.flatMap((key) => [
      ...methods.map((method) => compilerMetadata(key, method)),
      inherited(key, target),
    ]),
    ...parameters.map(({ pipes }) => pipes),
  ].flat()
}

function isEnhanced(target: Class, member: Member): boolean {
  return (
    ENHANCERS.some((key) => isMarked(key, target, member)) ||
    inherited(PARAMETERS, target, member) !== undefined
  )
}

/** Returns true if a decorator of Nest is on a class, on one of its base classes, or on a method. */
function isMarked(key: string, target: Class, member: Member): boolean {
  const method = (target.prototype as Record<Member, Method | undefined>)[member]
  return (
    inherited(key, target) !== undefined ||
    (method !== undefined && compilerMetadata(key, method) !== undefined)
  )
}

/** Returns the metadata of a class or of its nearest base class that has it. */
function inherited(key: string, target: Class, member?: Member): unknown {
  for (let owner: unknown = target; typeof owner === 'function'; owner = Object.getPrototypeOf(owner)) {
    const found = compilerMetadata(key, owner, member)
    if (found !== undefined) return found
  }
  return undefined
}

/** Returns the parameters of a handler that have a decorator. */
function parametersOf(
  target: Class,
  member: Member,
): Record<string, { readonly index: number; readonly pipes?: readonly unknown[] }> {
  return (inherited(PARAMETERS, target, member) ?? {}) as ReturnType<typeof parametersOf>
}

/** Describes the parameters of a handler to Nest: the event, and those that have a decorator. */
function nameParameters(target: Class, member: Member): void {
  const decorated = parametersOf(target, member)
  const hasEvent = Object.values(decorated).some(({ index }) => index === 0)
  defineCompilerMetadata(
    HANDLER_PARAMETERS,
    hasEvent ? decorated : { ...EVENT_PARAMETER, ...decorated },
    target,
    member,
  )
}
