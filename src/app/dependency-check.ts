import { readConstructor } from '../annotations/constructor-tokens.js'
import type { ConstructorFacts } from '../annotations/constructor-tokens.js'
import { NestToken, emitsTypes, ownClientOptions, ownConstructorTokens } from '../annotations/metadata.js'
import { isClientClass } from '../annotations/handler-table.js'
import { findTokenMistake } from '../annotations/token-mistakes.js'
import type { Mistake } from '../errors/startup-error.js'
import type { Class, Token } from '../core/token.js'
import { describeValue } from '../core/describe-value.js'
import { className, tokenName } from '../core/token.js'

/** A container's registration of a token. */
export interface Registration {
  readonly useClass: unknown
  readonly useToken: unknown
  /** Tokens that a factory injects, if Holdfast registered it. The dependencies of other factories are unknown. */
  readonly dependencies: readonly unknown[] | undefined
  readonly isSingleton: boolean
  /** True if the token is registered in this container, not in a parent. */
  readonly isOwn: boolean
}

/** Something that will be created for the requested tokens. */
export interface DependencyNode {
  readonly token: unknown
  /** True if a parent container owns the instance. */
  readonly isSingletonAbove: boolean
}

const TYPES_FIX =
  'set "experimentalDecorators": true and "emitDecoratorMetadata": true in tsconfig.json, and compile with tsc'

const UNTYPED =
  "esbuild, tsx, Babel, swc without decoratorMetadata, Node's type stripping, and standard decorators emit no type metadata"

/** A token wrapped in tsyringe's `delay()`. tsyringe creates the instance on first use, so it can be part of a cycle. */
interface Delayed {
  readonly token: unknown
  readonly place: string
  readonly singletonDepth: number
}

/** Follows constructor dependencies before anything is created, and collects everything that cannot be created. */
export class DependencyCheck {
  readonly mistakes: Mistake[] = []
  readonly nodes: DependencyNode[] = []
  /** Classes that will be created with dependencies, and the tokens of those dependencies. */
  readonly classes = new Map<Class, readonly unknown[]>()
  readonly #registrations: (token: unknown) => readonly Registration[]
  readonly #scoped: readonly Token[]
  readonly #client: Class | undefined
  readonly #path: unknown[] = []
  readonly #done = new Set<unknown>()
  readonly #doneInSingletons = new Set<unknown>()
  readonly #delayed: Delayed[] = []
  /** Number of tokens on the path that outlive a connection. */
  #singletonDepth = 0

  /**
   * @param registrations returns the container's registrations of a token; the last one wins
   * @param scoped tokens that each connection has; nothing that outlives a connection can inject them
   * @param client the connection's client class; `undefined` if the check is for the whole application
   */
  constructor(
    registrations: (token: unknown) => readonly Registration[],
    scoped: readonly Token[],
    client: Class | undefined,
  ) {
    this.#registrations = registrations
    this.#scoped = scoped
    this.#client = client
  }

  /** Follows tokens and all their dependencies. */
  run(tokens: readonly unknown[]): void {
    for (const token of tokens) this.#follow(token, tokenName(token))
    for (const { token, place, singletonDepth: captors } of this.#delayed) {
      this.#singletonDepth = captors
      this.#follow(token, place)
    }
  }

  #follow(asked: unknown, place: string): void {
    const request = readRequest(asked)
    if (!request) return
    const { token } = request
    if (request.isDelayed) {
      this.#delayed.push({ token, place, singletonDepth: this.#singletonDepth })
    } else if (this.#scoped.includes(token as Token)) {
      this.#checkScope(token, place)
    } else {
      const found = token === undefined ? [] : this.#registrations(token)
      const registrations = request.isMultiple ? found : found.slice(-1)
      for (const registration of registrations) this.#followRegistration(token, registration, place)
      if (registrations.length > 0) return
      if (typeof token === 'function' && !findTokenMistake(token))
        this.#followClass(token as Class, token, false, place)
      else if (!request.isOptional || token === undefined) this.#noProvider(token, place)
    }
  }

  #followRegistration(token: unknown, registration: Registration, place: string): void {
    const { useClass, useToken, dependencies, isSingleton, isOwn } = registration
    const isSingletonAbove = isSingleton && !isOwn
    if (isSingletonAbove) this.#singletonDepth += 1
    if (useToken !== undefined) this.#followAlias(token, useToken, place, isSingletonAbove)
    else if (typeof useClass === 'function')
      this.#followClass(useClass as Class, token, isSingletonAbove, place)
    else if (dependencies) this.#followAll(token, token, dependencies, isSingletonAbove)
    if (isSingletonAbove) this.#singletonDepth -= 1
  }

  /** Follows an alias. An alias creates nothing itself, unless a parent container keeps the value that the alias referred to. */
  #followAlias(token: unknown, useToken: unknown, place: string, isSingletonAbove: boolean): void {
    if (this.#path.includes(token)) {
      this.#cycle(token)
      return
    }
    this.#path.push(token)
    this.#follow(useToken, place)
    this.#path.pop()
    if (isSingletonAbove) this.nodes.push({ token, isSingletonAbove })
  }

  #followClass(target: Class, token: unknown, isSingletonAbove: boolean, place: string): void {
    if (target !== this.#client && isClientClass(target)) {
      this.#secondInstance(className(target), place)
      return
    }
    const facts = readConstructor(target)
    const tokens = facts.tokens ?? []
    if (tokens.length > 0) this.classes.set(target, tokens)
    const problem = this.#constructorMistake(target, facts)
    if (problem) this.#mistake(className(target), problem.cause, problem.fix)
    this.#followAll(target, token, tokens, isSingletonAbove)
  }

  /** @param maker the class, or the token of the factory, that injects the tokens */
  #followAll(maker: unknown, token: unknown, tokens: readonly unknown[], isSingletonAbove: boolean): void {
    if (this.#path.includes(maker)) {
      this.#cycle(maker)
      return
    }
    const done = this.#singletonDepth > 0 ? this.#doneInSingletons : this.#done
    if (!done.has(maker)) {
      done.add(maker)
      this.#path.push(maker)
      const what = typeof maker === 'function' ? 'constructor parameter' : 'inject'
      // Not for … of, because a hole is a parameter without a token, which has already been reported.
      tokens.forEach((each, index) => this.#follow(each, `${tokenName(maker)}, ${what} ${index + 1}`))
      this.#path.pop()
    }
    this.nodes.push({ token, isSingletonAbove })
  }

  #constructorMistake(target: Class, facts: ConstructorFacts): Pick<Mistake, 'cause' | 'fix'> | undefined {
    const { owner, parameters, tokens, most } = facts
    const listed = findInjectMistake(ownClientOptions(target)?.inject, most)
    if (listed) return listed
    const isClient = target === this.#client
    const isDecorated = ownClientOptions(target) !== undefined || ownConstructorTokens(target) !== undefined
    const isInherited = owner !== target
    const count = counted(parameters)
    const known = Object.keys(tokens ?? []).length
    if (known >= parameters) {
      if (!isClient || !isInherited || isDecorated || parameters === 0) return undefined
      const cause = `inherits a constructor with ${count} but has no class decorator`
      return { cause, fix: `add @WebSocketClient() to ${className(target)}` }
    }
    if (ownClientOptions(target)?.inject) {
      return {
        cause: `inject lists ${counted(known, 'token')} for ${counted(parameters, 'constructor parameter')}`,
        fix: 'list one per parameter, in order',
      }
    }
    // Constructor parameters that a provider inherits from a third-party class can be optional.
    if (isInherited && !isClient) return undefined
    const cause = isInherited
      ? `the constructor inherited from ${className(owner)} has ${count}`
      : `the constructor has ${count}`
    return this.#missingTypes(target, cause, isInherited ? owner : undefined)
  }

  /** Returns the most likely reason why the tokens of a constructor are unknown. */
  #missingTypes(target: Class, cause: string, base: Class | undefined): Pick<Mistake, 'cause' | 'fix'> {
    const isClient = target === this.#client
    const isEmitted = emitsTypes(target) ?? (this.#client && emitsTypes(this.#client))
    const hasDecorator = ownClientOptions(target) !== undefined
    const decorator = isClient ? '@WebSocketClient()' : "tsyringe's @injectable()"
    if (isEmitted === false || (hasDecorator && isEmitted === undefined)) {
      const tokens = isClient
        ? '@WebSocketClient({ inject: [A, B] }), or { inject: [A, B] } as the third argument of defineHandlers'
        : `{ provide: ${className(target)}, useFactory: (a, b) => new ${className(target)}(a, b), inject: [A, B] } in a module, or ` +
          '@inject(TheClass) from tsyringe before each parameter (legacy decorators only)'
      const decorate = hasDecorator ? '' : `add ${decorator} to the class, then `
      return {
        cause: `${cause}, but the compiler emitted no type metadata`,
        fix: `${decorate}${TYPES_FIX}, or list the tokens: ${tokens}. ${UNTYPED}`,
      }
    }
    if (base) {
      const too = hasDecorator ? '' : ` and ${decorator} to ${className(target)}`
      const fix = `add tsyringe's @injectable() to ${className(base)}${too}, or declare a constructor in ${className(target)}`
      return { cause: `${cause}, but ${className(base)} has no class decorator`, fix }
    }
    const otherwise = isEmitted === undefined ? `, then ${TYPES_FIX}` : ''
    return {
      cause: `${cause}, but the class has no decorator`,
      fix: `add ${decorator} to the class${otherwise}`,
    }
  }

  /**
   * Reports a client that is injected elsewhere. Each client is created for its connection, and a second instance would have no connection.
   */
  #secondInstance(name: string, place: string): void {
    const cause = `cannot inject the client ${name}: it would be a second instance, without a connection`
    const fix = `inject a provider that both share, or use app.client(${name}).instance after bootstrap`
    this.#mistake(place, cause, fix)
  }

  #checkScope(token: unknown, place: string): void {
    if (this.#client && this.#singletonDepth === 0) return
    const name = tokenName(token)
    const cause = `a singleton cannot inject ${name}, which is created per connection`
    this.#mistake(place, cause, `inject ${name} into the client, and pass the singleton what it needs`)
  }

  #cycle(target: unknown): void {
    const loop = this.#path.slice(this.#path.indexOf(target)).map(tokenName)
    // The text of a cycle always starts at the same token, so that the cycle is reported only once.
    const first = loop.indexOf([...loop].sort()[0] as string)
    const names = [...loop.slice(first), ...loop.slice(0, first + 1)]
    const fix =
      'extract the shared part into a third class, or use @inject(delay(() => TheClass)) from tsyringe'
    this.#mistake(names[0] as string, `circular dependency: ${names.join(' → ')}`, fix)
  }

  #noProvider(token: unknown, place: string): void {
    const name = tokenName(token)
    const { cause, fix } = findTokenMistake(token) ?? {
      cause: `no provider for ${name}`,
      fix: `add { provide: ${name}, useValue: … } to a module, or call container.register(${name}, { useValue: … })`,
    }
    this.#mistake(place, cause, fix)
  }

  #mistake(place: string, cause: string, fix: string): void {
    if (this.mistakes.some((each) => each.place === place && each.cause === cause)) return
    this.mistakes.push({ place, cause, fix })
  }
}

interface Request {
  readonly token: unknown
  readonly isMultiple: boolean
  readonly isOptional: boolean
  readonly isDelayed: boolean
}

/** Reads tsyringe's descriptors: `@inject(token, { isOptional })`, `@injectAll(token)` and `delay(() => …)`, but not its transforms. */
function readRequest(asked: unknown): Request | undefined {
  const plain = { token: asked, isMultiple: false, isOptional: false, isDelayed: false }
  if (typeof asked !== 'object' || asked === null || asked instanceof NestToken) return plain
  if (isDelay(asked)) return { ...plain, token: unwrap(asked), isDelayed: true }
  if (!('token' in asked) || 'transform' in asked) return undefined
  const { token, multiple, isOptional } = asked as {
    token: unknown
    multiple?: boolean
    isOptional?: boolean
  }
  const isDelayed = isDelay(token)
  return {
    token: isDelayed ? unwrap(token) : token,
    isMultiple: multiple === true,
    isOptional: isOptional === true,
    isDelayed,
  }
}

interface Delay {
  readonly wrap: () => unknown
}

function isDelay(asked: unknown): asked is Delay {
  return typeof asked === 'object' && asked !== null && 'wrap' in asked && typeof asked.wrap === 'function'
}

/** Returns the token inside `delay()`; `undefined` if the class is still not defined. */
function unwrap(delay: Delay): unknown {
  try {
    return delay.wrap()
  } catch {
    return undefined
  }
}

/** Reports an `inject` that is not an array, or that lists more tokens than the constructor can have parameters. */
function findInjectMistake(
  inject: unknown,
  most: number | undefined,
): Pick<Mistake, 'cause' | 'fix'> | undefined {
  if (inject === undefined) return undefined
  if (!Array.isArray(inject)) {
    const name = typeof inject === 'function' ? className(inject) : 'TOKEN'
    const cause = `inject must be an array of tokens, received ${describeValue(inject)}`
    return { cause, fix: `wrap it in brackets: inject: [${name}]` }
  }
  if (most === undefined || inject.length <= most) return undefined
  const cause = `inject lists ${counted(inject.length, 'token')} for ${counted(most, 'constructor parameter')}`
  return { cause, fix: 'list one per parameter, in order' }
}

function counted(count: number, what = 'parameter'): string {
  return `${count === 0 ? 'no' : count} ${what}${count === 1 ? '' : 's'}`
}
