import { describeValue } from '../core/describe-value.js'
import type { Mistake } from '../errors/startup-error.js'
import { isSchema } from '../core/schema.js'
import { checkSync, unknownName } from '../options/rules.js'
import { CLIENT_OPTION_NAMES, isAwaited, isClientOptionName } from './client-option.js'
import { messageArguments } from './message-arguments.js'
import type { OnMessageOptions } from './message-arguments.js'
import { HANDLER_EVENTS, isOptions } from './metadata.js'
import type { HandlerEvent, HandlerRecord } from './metadata.js'

/** A problem in a record, and its fix. */
export type HandlerMistake = Pick<Mistake, 'cause' | 'fix'>

/** Maximum number of parameters that a handler can have: the event and its context. */
const MAX_PARAMETERS = 2

/**
 * Maximum number of arguments that a decorator takes, not counting options: a key and a schema, an error class, or the name of an option.
 * Other decorators take none.
 */
const MAX_ARGUMENTS: Readonly<Partial<Record<HandlerEvent, number>>> = { message: 2, error: 1, option: 1 }

/** Reports a class decorator that was written without parentheses or whose argument is not an options object. */
export function findDecoratorMistake(
  decorator: '@WebSocketClient' | '@Module',
  given: unknown,
): HandlerMistake | undefined {
  if (given === undefined || isOptions(given)) return undefined
  const example = decorator === '@Module' ? '({ clients: [TheClient] })' : '()'
  if (typeof given === 'function')
    return { cause: `${decorator} requires parentheses`, fix: `use ${decorator}${example}` }
  const fix = `use ${decorator}(${decorator === '@Module' ? '{ clients: [TheClient] }' : "{ url: 'wss://…' }"})`
  return { cause: `${decorator} takes an object, received ${describeValue(given)}`, fix }
}

/** Validates one record and returns the first problem found. Conflicts with other records are not checked here. */
export function findMistake(record: HandlerRecord, prototype: object): HandlerMistake | undefined {
  return (
    kindMistake(record) ??
    eventMistake(record) ??
    methodMistake(record, prototype) ??
    argumentMistake(record) ??
    optionMistake(record, prototype)
  )
}

function kindMistake({ kind, event, decorator, member }: HandlerRecord): HandlerMistake | undefined {
  const name = String(member)
  switch (kind) {
    case 'method':
    case 'named':
      return undefined
    case 'property':
      return {
        cause: `${decorator} cannot decorate a property`,
        fix: `use a method: ${name}() { … } instead of ${name} = () => …`,
      }
    case 'private member':
      return {
        cause: `${decorator} cannot decorate a private member`,
        fix: `rename ${name} to ${name.slice(1)}`,
      }
    case 'static member':
      return {
        cause: `${decorator} cannot decorate a static member`,
        fix: 'remove "static"',
      }
    case 'accessor':
      return {
        cause: `${decorator} cannot decorate an accessor`,
        fix: `use a method: ${name}() { … }`,
      }
    case 'uncalled':
      return {
        cause: `${decorator} requires parentheses`,
        fix: `use ${decorator}(${event === 'option' ? "'url'" : ''})`,
      }
    case 'class':
    case 'parameter':
      return { cause: `${decorator} cannot decorate a ${kind}`, fix: 'move it to a method of the class' }
  }
}

/** Reports an unknown event. Plain JavaScript can pass anything to `defineHandlers`. */
function eventMistake({ kind, event }: HandlerRecord): HandlerMistake | undefined {
  if (kind !== 'named' || HANDLER_EVENTS.includes(event)) return undefined
  return {
    cause: `unknown event "${event as string}" in defineHandlers`,
    fix: `use one of ${HANDLER_EVENTS.join(', ')}`,
  }
}

function methodMistake(
  { kind, event, member, decorator }: HandlerRecord,
  prototype: object,
): HandlerMistake | undefined {
  const method = (prototype as Record<string | symbol, unknown>)[member]
  if (typeof method !== 'function') {
    if (kind === 'named') {
      const cause = `defineHandlers names "${String(member)}", which is not a method (${decorator})`
      return { cause, fix: 'use the name of a public instance method' }
    }
    return {
      cause: `${decorator} decorates a method that a subclass has replaced with something other than a method`,
      fix: 'override it with a method, or rename one of them',
    }
  }
  if (event === 'option') return undefined
  if (method.length <= MAX_PARAMETERS) return undefined
  return {
    cause: `has ${method.length} parameters, but handlers receive ${MAX_PARAMETERS}: the event and its context`,
    fix: 'inject the rest through the constructor',
  }
}

/** Reports a `@ClientOption` whose name is unknown, or an async method whose promise would not be awaited. */
function optionMistake(
  { event, args, member }: HandlerRecord,
  prototype: object,
): HandlerMistake | undefined {
  if (event !== 'option') return undefined
  const [name] = args
  if (!isClientOptionName(name)) {
    const { fix } = unknownName(String(name), 'option', CLIENT_OPTION_NAMES)
    return { cause: `a method cannot provide the option ${describeName(name)}`, fix }
  }
  if (isAwaited(name)) return undefined
  return checkSync((prototype as Record<string | symbol, unknown>)[member], '')[0]
}

function describeName(name: unknown): string {
  return typeof name === 'string' ? `"${name}"` : describeValue(name)
}

function argumentMistake({ event, args, decorator }: HandlerRecord): HandlerMistake | undefined {
  if (event === 'message') {
    const { names, options } = messageArguments(args)
    return (
      optionsMistake(options, decorator) ??
      countMistake(event, names, decorator) ??
      messageMistake(names, decorator)
    )
  }
  const mistake = countMistake(event, args, decorator)
  return mistake ?? (event === 'error' ? errorClassMistake(args, decorator) : undefined)
}

function countMistake(
  event: HandlerEvent,
  { length }: HandlerRecord['args'],
  decorator: string,
): HandlerMistake | undefined {
  const most = MAX_ARGUMENTS[event] ?? 0
  if (length <= most) return undefined
  const each = decorator.startsWith('@') ? 'decorator' : 'entry'
  const accepted = most === 0 ? 'no arguments' : `at most ${most} argument${most === 1 ? '' : 's'}`
  return {
    cause: `${decorator} takes ${accepted}, received ${length}`,
    fix: most === 0 ? 'remove them' : `remove the extra arguments, or use one ${each} for each`,
  }
}

function errorClassMistake(args: HandlerRecord['args'], decorator: string): HandlerMistake | undefined {
  const [argument] = args
  if (args.length === 0 || isErrorClass(argument)) return undefined
  return {
    cause: `the argument of ${decorator} is not an error class${argument === undefined ? ' (circular import?)' : ''}`,
    fix: 'pass Error, a subclass, or nothing',
  }
}

function optionsMistake(options: OnMessageOptions, decorator: string): HandlerMistake | undefined {
  const unknown = Object.keys(options).find((name) => name !== 'duringOpen')
  if (unknown !== undefined) {
    return {
      cause: `unknown option "${unknown}" in ${decorator}`,
      fix: 'remove it. Valid options: duringOpen',
    }
  }
  const duringOpen: unknown = options.duringOpen
  if (duringOpen === undefined || typeof duringOpen === 'boolean') return undefined
  const cause = `duringOpen of ${decorator} must be a boolean, received ${describeValue(duringOpen)}`
  return { cause, fix: 'use true or false' }
}

function messageMistake(args: HandlerRecord['args'], decorator: string): HandlerMistake | undefined {
  if (args.length === 0) return undefined
  const [first, second] = args
  const circle = args.includes(undefined) ? ' (circular import?)' : ''
  const isKey = typeof first === 'string' || typeof first === 'number'
  if (!isKey && (args.length > 1 || !isSchema(first))) {
    return {
      cause: `the key of ${decorator} must be a string or a number, received ${describeValue(first)}${circle}`,
      fix: 'use the key that messages contain, a Standard Schema (zod, valibot, arktype, …), or both',
    }
  }
  if (args.length < 2 || isSchema(second)) return undefined
  return {
    cause: `the schema of ${decorator} does not implement Standard Schema${circle}`,
    fix: 'use zod 3.24+, valibot 1+, arktype 2+, or another library listed at standardschema.dev',
  }
}

function isErrorClass(argument: unknown): boolean {
  return typeof argument === 'function' && (argument === Error || argument.prototype instanceof Error)
}
