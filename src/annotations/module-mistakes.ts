import { describeValue } from '../core/describe-value.js'
import { className, tokenName } from '../core/token.js'
import type { Class } from '../core/token.js'
import type { Mistake } from '../errors/startup-error.js'
import { isObject, unknownName } from '../options/rules.js'
import { findDecoratorMistake } from './handler-mistakes.js'
import { handlerNames, isClientClass } from './handler-table.js'
import { givenToDecorators, moduleOptions } from './metadata.js'

const LISTS: readonly string[] = ['imports', 'providers', 'clients']

const PROVIDER_FIX = 'use a class, or { provide } with one of useClass, useValue, useFactory, useExisting'

const WAYS: readonly string[] = ['useClass', 'useValue', 'useFactory', 'useExisting']

/**
 * Validates a module itself and returns the problems found: in its decorator, in the names and types of its options, and handlers that
 * would never be called.
 */
export function findModuleMistakes(module: Class): Mistake[] {
  const place = className(module)
  const given = givenToDecorators(module)
  const problem = findDecoratorMistake('@Module', given.module)
  const mistakes: Mistake[] = problem ? [{ place, ...problem }] : []
  const handlers = handlerNames(module)
  if (handlers.length > 0 || given.client !== undefined) {
    const what = handlers.length > 0 ? `handlers (${handlers.join(', ')})` : '@WebSocketClient'
    const cause = `has ${what}, but modules do not connect`
    mistakes.push({
      place,
      cause,
      fix: 'move this to a separate class, and list it: clients: [TheClient]',
    })
  }
  for (const [name, list] of Object.entries(moduleOptions(module) ?? {}) as [string, unknown][]) {
    const mistake = LISTS.includes(name)
      ? findListMistake(list, name, `${place} ${name}`)
      : unknownModuleName(name, place)
    if (mistake) mistakes.push(mistake)
  }
  return mistakes
}

/**
 * Reports an option that should be an array.
 *
 * @param name the name of the option
 */
export function findListMistake(given: unknown, name: string, place: string): Mistake | undefined {
  if (given === undefined || Array.isArray(given)) return undefined
  const cause = `expected an array, received ${describeGiven(given)}`
  return { place, cause, fix: `wrap it in brackets: ${name}: [${exampleOf(given)}]` }
}

function unknownModuleName(name: string, place: string): Mistake {
  const mistake = unknownName(name, place, LISTS)
  // NestJS modules have exports.
  return name === 'exports' ? { ...mistake, fix: 'remove it: all modules share a container' } : mistake
}

function exampleOf(list: unknown): string {
  return typeof list === 'function' ? className(list) : '…'
}

/** Validates an entry of a module's `imports` and returns the problem found. */
export function findImportMistake(given: unknown, place: string): Mistake | undefined {
  if (given === undefined) return undefinedMistake(place)
  if (typeof given !== 'function')
    return {
      place,
      cause: `expected a module, received ${describeGiven(given)}`,
      fix: 'list classes that are decorated with @Module',
    }
  if (moduleOptions(given)) return undefined
  const fix = isClientClass(given as Class)
    ? `move it to clients: [${className(given)}]`
    : 'add @Module({ … }) to it, or list it under providers or clients'
  return { place, cause: `${className(given)} is not a module`, fix }
}

/** Validates a provider and returns the problem found. */
export function findProviderMistake(given: unknown, place: string): Mistake | undefined {
  if (given === undefined) return undefinedMistake(place)
  if (typeof given === 'function') return classMistake(given, place)
  if (!isObject(given) || !('provide' in given))
    return { place, cause: `expected a provider, received ${describeGiven(given)}`, fix: PROVIDER_FIX }
  const { provide } = given
  if (provide === undefined) return undefinedMistake(place, 'provide ')
  return wayMistake(given, `${place} (${tokenName(provide)})`)
}

/** Validates how a provider is defined and returns the problem found. */
function wayMistake(given: Readonly<Record<string, unknown>>, place: string): Mistake | undefined {
  const ways = WAYS.filter((way) => way in given)
  const [way] = ways
  if (way === undefined) {
    const cause = `expected one of ${WAYS.join(', ')}, received ${describeGiven(given)}`
    const near = Object.keys(given)
      .map((name) => unknownName(name, '', WAYS).fix)
      .find((fix) => fix.startsWith('did you mean'))
    return { place, cause, fix: near ?? 'add one of them, for example useValue: …' }
  }
  if (ways.length > 1)
    return { place, cause: `${ways.join(' and ')} cannot be combined`, fix: 'keep one of them' }
  const means = given[way]
  if (way === 'useValue') return undefined
  if (means === undefined) return undefinedMistake(place, `${way} `)
  if (way === 'useExisting') return undefined
  if (typeof means !== 'function') {
    const cause = `${way} must be a ${way === 'useClass' ? 'class' : 'function'}, received ${describeGiven(means)}`
    return { place, cause, fix: 'use useValue for a value' }
  }
  return way === 'useClass' ? classMistake(means, place) : undefined
}

/** Reports a function that is not a class, and a client, which would be a second instance without a connection if it were a provider. */
function classMistake(given: object, place: string): Mistake | undefined {
  const name = className(given)
  if (!isClass(given)) {
    const cause = `expected a class, received ${describeValue(given)}`
    return {
      place,
      cause,
      fix: "use { provide: TOKEN, useFactory: () => … } to provide the function's return value",
    }
  }
  if (!isClientClass(given)) return undefined
  const cause = `${name} is a client and would never connect as a provider`
  return { place, cause, fix: `move it to clients: [${name}]` }
}

/** Validates an entry of a module's `clients` and returns the problem found. */
export function findClientMistake(given: unknown, place: string): Mistake | undefined {
  if (given === undefined) return undefinedMistake(place)
  const isEntry = isObject(given) && 'use' in given
  const use = isEntry ? given['use'] : given
  if (use === undefined) return undefinedMistake(place, 'use ')
  const fix = 'use the class, or an entry: { use: TheClient, name, url, … }'
  if (typeof use !== 'function') {
    const what = isEntry ? '"use" must be a class' : 'expected a class or an entry'
    return { place, cause: `${what}, received ${describeGiven(use)}`, fix }
  }
  if (!isClass(use)) return { place, cause: `expected a class, received ${describeValue(use)}`, fix }
  if (!moduleOptions(use)) return undefined
  return { place, cause: `${className(use)} is a module`, fix: `move it to imports: [${className(use)}]` }
}

/** Returns false for arrow functions, methods and async functions, which have no prototype. */
function isClass(given: object): given is Class {
  return 'prototype' in given && given.prototype !== undefined
}

function undefinedMistake(place: string, what = ''): Mistake {
  const fix = 'break the circular import between the files, or correct the imported name'
  return { place, cause: `${what}is undefined (circular import?)`, fix }
}

/** Describes the kind of a value and, for an object, lists its keys. Never shows contents. */
function describeGiven(value: unknown): string {
  const kind = describeValue(value)
  if (kind !== 'a plain object') return kind
  const keys = Object.keys(value as object)
  return keys.length === 0 ? 'an empty object' : `an object with the keys ${keys.join(', ')}`
}
