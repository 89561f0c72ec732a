import { constructorTokens, hasOwnConstructorTypes, ownClientOptions } from './annotations/metadata.js'
import type { Mistake } from './errors.js'
import type { Class, Token } from './token.js'
import { tokenName } from './token.js'

/** What a container knows of a token. */
export interface Registration {
  readonly useClass: unknown
  readonly useToken: unknown
  /** What a factory of ours asks for; somebody else's tells nothing, and makes what is not ours. */
  readonly dependencies: readonly unknown[] | undefined
  readonly isSingleton: boolean
  /** True when it is registered in this very container, not in one above. */
  readonly isOwn: boolean
}

/** Something that will be made on the way to what was asked for. */
export interface DependencyNode {
  readonly token: unknown
  /** True when a container above owns it. */
  readonly isSingletonAbove: boolean
}

/** What a compiler writes for a type that has no class, and why. */
const NOT_CLASSES: ReadonlyMap<unknown, string> = new Map<unknown, string>([
  [Object, 'an interface, a union or an object type'],
  [Function, 'a function, or a class that was imported with `import type`'],
  [String, 'a string'],
  [Number, 'a number'],
  [Boolean, 'a boolean'],
  [Symbol, 'a symbol'],
  [BigInt, 'a bigint'],
  [Array, 'an array'],
  [Promise, 'a promise'],
  [Map, 'a Map'],
  [Set, 'a Set'],
  [Date, 'a Date'],
])

/** Follows what constructors ask for, before anything is made, and notes everything that cannot be made. */
export class DependencyCheck {
  readonly mistakes: Mistake[] = []
  readonly nodes: DependencyNode[] = []
  readonly #registration: (token: unknown) => Registration | undefined
  readonly #scoped: readonly Token[]
  readonly #isApplication: boolean
  readonly #path: unknown[] = []
  readonly #done = new Set<unknown>()
  #singletons = 0

  constructor(
    registration: (token: unknown) => Registration | undefined,
    scoped: readonly Token[],
    isApplication: boolean,
  ) {
    this.#registration = registration
    this.#scoped = scoped
    this.#isApplication = isApplication
  }

  /** Follows a token and all that it leads to. */
  follow(asked: unknown, place: string = tokenName(asked)): void {
    const token = plainToken(asked)
    if (token === ANYTHING || (token === undefined && asked !== undefined)) return
    if (this.#scoped.includes(token as Token)) {
      this.#checkScope(token, place)
      return
    }
    const registration = token === undefined ? undefined : this.#registration(token)
    if (registration) this.#followRegistration(token, registration, place)
    else if (isOptional(asked)) return
    else if (typeof token === 'function' && !NOT_CLASSES.has(token)) this.#followClass(token as Class, token)
    else this.#unknown(token, place)
  }

  #followRegistration(token: unknown, registration: Registration, place: string): void {
    const { useClass, useToken, dependencies, isSingleton, isOwn } = registration
    const isSingletonAbove = isSingleton && !isOwn
    if (isSingletonAbove) this.#singletons += 1
    if (useToken !== undefined) this.follow(useToken, place)
    else if (typeof useClass === 'function') this.#followClass(useClass as Class, token, isSingletonAbove)
    else if (dependencies) this.#followAll(token, token, dependencies, isSingletonAbove)
    if (isSingletonAbove) this.#singletons -= 1
  }

  #followClass(target: Class, token: unknown, isSingletonAbove = false): void {
    if (this.#path.includes(target)) this.#cycle(target)
    else if (!this.#done.has(token)) this.#followAll(target, token, this.#constructorTokens(target), isSingletonAbove)
  }

  /** @param maker the class or the factory's token that asks for these */
  #followAll(maker: unknown, token: unknown, tokens: readonly unknown[], isSingletonAbove: boolean): void {
    if (this.#path.includes(maker)) {
      this.#cycle(maker)
      return
    }
    if (this.#done.has(token)) return
    this.#done.add(token)
    this.#path.push(maker)
    for (const [index, each] of tokens.entries()) {
      this.follow(each, `${tokenName(maker)}, ${typeof maker === 'function' ? 'constructor parameter' : 'inject'} ${index + 1}`)
    }
    this.#path.pop()
    this.nodes.push({ token, isSingletonAbove })
  }

  /** Returns what a class's constructor asks for, once it is sure that the answer is whole. */
  #constructorTokens(target: Class): readonly unknown[] {
    const client = ownClientOptions(target)
    const isClient = this.#path.length === 0 && !this.#isApplication
    const tokens = client?.inject ?? constructorTokens(target)
    const isDecorated = client !== undefined || hasOwnConstructorTypes(target)
    const decorator = isClient ? '@WebSocketClient()' : "tsyringe's @injectable()"
    const count = parameters(target.length)
    if (target.length > 0 && !isDecorated) {
      const cause = `has a constructor with ${count}, and nothing says what to inject: there is no class decorator${isClient ? '' : ', or the compiler leaves the types out'}`
      this.#mistake(target.name, cause, `put ${decorator} on the class`)
    } else if (isClient && !isDecorated && inheritsParameters(target)) {
      const cause = 'extends a class whose constructor has parameters, and has no class decorator of its own'
      this.#mistake(target.name, cause, `put ${decorator} on ${target.name} too`)
    } else if (client?.inject && client.inject.length < target.length) {
      const cause = `inject names ${client.inject.length} of its constructor's ${count}`
      this.#mistake(target.name, cause, 'name the token of each parameter, in order')
    } else if (target.length > (tokens?.length ?? 0)) {
      this.#mistake(target.name, `the compiler noted no types for its constructor's ${count}`, NO_TYPES_FIX)
    }
    return tokens ?? []
  }

  #checkScope(token: unknown, place: string): void {
    if (!this.#isApplication && this.#singletons === 0) return
    const name = tokenName(token)
    const cause = `asks for ${name}, of which each connection has its own, but is itself made once for all of them`
    this.#mistake(place, cause, `ask for ${name} in the client, and hand on what is needed`)
  }

  #cycle(target: unknown): void {
    const names = [...this.#path.slice(this.#path.indexOf(target)), target].map(tokenName)
    const fix = 'move what both need into a third class, or wrap one parameter: @inject(delay(() => …)), from tsyringe'
    this.#mistake(tokenName(target), `needs itself: ${names.join(' → ')}`, fix)
  }

  #unknown(token: unknown, place: string): void {
    const kind = NOT_CLASSES.get(token)
    if (token === undefined || token === null) {
      const fix = 'break the circle of imports, or name what is meant: @inject(delay(() => TheClass)), from tsyringe'
      this.#mistake(place, 'is undefined: its class was not there yet when this one was made', fix)
    } else if (kind) {
      const fix = "name it with a token, @inject('theName'), and provide that, or use a class as the type"
      this.#mistake(place, `is ${kind}, which cannot be looked up`, fix)
    } else {
      const name = tokenName(token)
      const fix = `provide it: { provide: ${name}, useValue: … } in a module, or container.register(${name}, …)`
      this.#mistake(place, `asks for ${name}, which nobody provides`, fix)
    }
  }

  #mistake(place: string, cause: string, fix: string): void {
    this.mistakes.push({ place, cause, fix })
  }
}

const NO_TYPES_FIX =
  'set "emitDecoratorMetadata": true in tsconfig.json and compile with tsc (esbuild, tsx, Babel, Node\'s type stripping, and swc ' +
  'without decoratorMetadata leave the types out), or name them: @WebSocketClient({ inject: [A, B] })'

/** Stands for what tsyringe works out later: `delay(() => …)` and transforms. */
const ANYTHING = Symbol('anything')

/** Takes the token out of tsyringe's descriptors: `@inject(token, { isOptional })`, `@injectAll(token)`. */
function plainToken(asked: unknown): unknown {
  if (typeof asked !== 'object' || asked === null) return asked
  if (!('token' in asked) || 'transform' in asked) return ANYTHING
  return typeof asked.token === 'object' ? ANYTHING : asked.token
}

function isOptional(asked: unknown): boolean {
  return typeof asked === 'object' && asked !== null && 'isOptional' in asked && asked.isOptional === true
}

function inheritsParameters(target: Class): boolean {
  let base = Object.getPrototypeOf(target) as Class | null
  while (typeof base === 'function' && base.prototype) {
    if (base.length > 0) return true
    base = Object.getPrototypeOf(base) as Class | null
  }
  return false
}

function parameters(count: number): string {
  return count === 1 ? '1 parameter' : `${count} parameters`
}
