import { readConstructor } from '../annotations/constructor-tokens.js'
import { findTokenMistake } from '../annotations/token-mistakes.js'
import { className, tokenName } from '../core/token.js'
import type { Class, Token } from '../core/token.js'
import type { Mistake } from '../errors/startup-error.js'
import { CONNECTION_TOKENS } from './connection-scope.js'
import { DependencyCheck } from './dependency-check.js'
import { Disposables } from './disposables.js'
import { INSTALL_CONTAINER } from './load-container.js'
import { checkInstance } from './instance-factory.js'
import type { ConnectionScope, InstanceFactory } from './instance-factory.js'

/** Returns true if a class injects only values that belong to its connection, so that it needs no container. */
export function isPlain(target: Class): boolean {
  return (readConstructor(target).tokens ?? []).every((token) => CONNECTION_TOKENS.includes(token as Token))
}

/** Creates instances of classes that inject only values that belong to their connection. */
export class PlainFactory implements InstanceFactory {
  readonly disposables = new Disposables()

  check(target: Class, tokens: readonly Token[]): readonly Mistake[] {
    if (!isPlain(target)) return missingContainer(target)
    const check = new DependencyCheck(() => [], tokens, target)
    check.run([target])
    return check.mistakes
  }

  make<T extends object>(target: Class<T>, scope: ConnectionScope): T {
    const { tokens = [] } = readConstructor(target)
    const instance = checkInstance(
      target,
      new target(...(tokens.map((token) => scope.get(token as Token)) as never[])),
    )
    this.disposables.add(instance)
    return instance
  }
}

/** Returns the problems to report if a constructor needs a container but tsyringe is not installed. */
function missingContainer(target: Class): Mistake[] {
  const { tokens = [] } = readConstructor(target)
  const mistakes = tokens.map((token, index) => ({
    token,
    place: `${className(target)}, constructor parameter ${index + 1}`,
    ...(findTokenMistake(token) ?? {
      cause: `injecting ${tokenName(token)} requires tsyringe, which is not installed`,
      fix: INSTALL_CONTAINER,
    }),
  }))
  return mistakes
    .filter(({ token }) => !CONNECTION_TOKENS.includes(token as Token))
    .map(({ place, cause, fix }) => ({ place, cause, fix }))
}
