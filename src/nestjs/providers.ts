import { readConstructor } from '../annotations/constructor-tokens.js'
import { isClientClass } from '../annotations/handler-table.js'
import { className, tokenName } from '../core/token.js'
import type { Class } from '../core/token.js'
import type { Mistake } from '../errors/startup-error.js'
import { isClass } from './tokens.js'
import type { DiscoveryService } from './nest-packages.js'

/** Nest's record of a provider. */
export type Wrapper = ReturnType<DiscoveryService['getProviders']>[number]

/** A provider whose instance is a client. */
export interface ClientProvider {
  readonly target: Class
  readonly wrapper: Wrapper
}

/**
 * Returns all providers of an application whose instances are clients, including values and results of factories. A factory that returns the
 * client that it injects is left out.
 */
export function clientProviders(wrappers: readonly Wrapper[]): ClientProvider[] {
  const byInstance = new Map<unknown, ClientProvider>()
  for (const wrapper of wrappers) {
    const target = classOf(wrapper)
    if (!target || !isClientClass(target)) continue
    if (!byInstance.has(wrapper.instance) || wrapper.metatype === target)
      byInstance.set(wrapper.instance, { target, wrapper })
  }
  return [...byInstance.values()]
}

/** Reports clients that are listed as controllers. Nest would create them, and nothing would connect them. */
export function findControllerMistakes(controllers: readonly Wrapper[]): Mistake[] {
  return clientProviders(controllers).map(({ target, wrapper }) => ({
    place: className(target),
    cause: `is in the controllers of ${moduleOf(wrapper)}, so it would never connect`,
    fix: 'list it in the providers',
  }))
}

function classOf(wrapper: Wrapper): Class | undefined {
  const { isAlias, metatype, inject } = wrapper
  if (isAlias) return undefined
  if (isClass(metatype) && !inject) return metatype
  // A value that replaces a class or a factory in a test must not connect, even if it is an instance of the class. Nest records for other
  // values whether they are promises.
  if (!metatype && wrapper.async === undefined) return undefined
  const made = wrapper.instance as object | null | undefined
  const maker: unknown = typeof made === 'object' ? made?.constructor : undefined
  return isClass(maker) ? maker : undefined
}

/** Reports a client that would have several instances, or none outside of a request. */
export function findProviderMistakes(providers: readonly ClientProvider[]): Mistake[] {
  const mistakes = providers.flatMap(({ target, wrapper }) => [
    ...findScopeMistake(target, wrapper),
    ...findTypeMistake(target, wrapper),
  ])
  for (const target of new Set(providers.map((each) => each.target))) {
    const same = providers.filter((each) => each.target === target)
    if (same.length < 2) continue
    const modules = same.map(({ wrapper }) => moduleOf(wrapper))
    mistakes.push({
      place: className(target),
      cause: `is provided ${same.length} times (${modules.join(', ')}), and each instance would have its own connection`,
      fix: `provide it in one module, and export it from there. For several connections, use provideClient(${className(target)}, 'aName')`,
    })
  }
  return mistakes
}

/** Reports a constructor that Nest has called without arguments, because it knows none of their types. */
function findTypeMistake(target: Class, { metatype, inject }: Wrapper): Mistake[] {
  const isCreatedByNest = metatype === target && !inject
  const { parameters, tokens = [] } = readConstructor(target)
  if (!isCreatedByNest || parameters <= Object.keys(tokens).length) return []
  const name = className(target)
  const cause = `Nest does not know what to inject into the constructor, because the compiler emitted no type metadata for ${name}`
  const fix = `add @WebSocketClient() to ${name}, and set "emitDecoratorMetadata": true. Or list the tokens in @WebSocketClient({ inject: […] }), and the client in HoldfastModule.forFeature([${name}])`
  return [{ place: name, cause, fix }]
}

function findScopeMistake(target: Class, wrapper: Wrapper): Mistake[] {
  const place = className(target)
  if (!wrapper.isDependencyTreeStatic()) {
    const culprit = (wrapper.getCtorMetadata() as readonly (Wrapper | undefined)[] | undefined)?.find(
      (each) => each && !each.isDependencyTreeStatic(),
    )
    const cause = culprit
      ? `injects ${tokenName(culprit.token)}, which is request-scoped, but a message is not a request`
      : 'is request-scoped, but a message is not a request'
    const fix =
      'inject ModuleRef, and call moduleRef.resolve() in the handler, or use AsyncLocalStorage (nestjs-cls) instead of the request scope'
    return [{ place, cause, fix }]
  }
  if (!wrapper.isTransient) return []
  const cause =
    'is transient, so each class that injects it would receive another instance, without a connection'
  return [{ place, cause, fix: 'remove the scope from its @Injectable()' }]
}

/** Returns the name of the module that lists a provider. */
export function moduleOf({ host }: Wrapper): string {
  return host?.metatype ? className(host.metatype) : 'an unknown module'
}

/** Returns true if Nest creates a provider only after one of certain others, as far as it has looked for the dependencies. */
export function dependsOn(
  wrapper: Wrapper,
  isWanted: (dependency: Wrapper) => boolean,
  seen = new Set<Wrapper>(),
): boolean {
  const parameters = (wrapper.getCtorMetadata() as readonly (Wrapper | undefined)[] | undefined) ?? []
  const properties = (wrapper.getPropertiesMetadata() as readonly { wrapper: Wrapper }[] | undefined) ?? []
  return [...parameters, ...properties.map((each) => each.wrapper)].some((dependency) => {
    // Nest does not wait for a dependency with forwardRef.
    if (!dependency || dependency.forwardRef || seen.has(dependency)) return false
    seen.add(dependency)
    return isWanted(dependency) || dependsOn(dependency, isWanted, seen)
  })
}
