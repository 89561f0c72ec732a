import { describeValue } from '../core/describe-value.js'
import type { Mistake } from '../errors/startup-error.js'
import { isSchema } from '../core/schema.js'
import { checkSync, unknownName } from '../options/rules.js'
import { CLIENT_OPTION_NAMES, isAwaited, isClientOptionName } from './client-option.js'
import { messageArguments } from './message-arguments.js'
import type { OnMessageOptions } from './message-arguments.js'
import { HANDLER_EVENTS, isOptions } from './metadata.js'
import type { HandlerEvent, HandlerRecord } from './metadata.js'

/** A mistake in a record, and its fix. */
export type HandlerMistake = Pick<Mistake, 'cause' | 'fix'>

/** The most parameters that any handler gets: the event, and its context. */
const MAX_PARAMETERS = 2

/** Maximum number of arguments, not counting options: a key and a schema, an error class, or the name of an option. Others take none. */
const MAX_ARGUMENTS: Readonly<Partial<Record<HandlerEvent, number>>> = { message: 2, error: 1, option: 1 }

/** Finds a class decorator without its parentheses, or one that was given something other than options. */
export function findDecoratorMistake(
  decorator: '@WebSocketClient' | '@Module',
  given: unknown,
): HandlerMistake | undefined {
  if (given === undefined || isOptions(given)) return undefined
  const example = decorator === '@Module' ? '({ clients: [TheClient] })' : '()'
  if (typeof given === 'function')
    return { cause: `${decorator} is written without parentheses`, fix: `write ${decorator}${example}` }
  const fix = `write ${decorator}(${decorator === '@Module' ? '{ clients: [TheClient] }' : "{ url: 'wss://…' }"})`
  return { cause: `${decorator} expected an object, received ${describeValue(given)}`, fix }
}

/** Finds what is wrong with one record by itself. */
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
        cause: `${decorator} is on a property, which does not exist before the class is made`,
        fix: `write a method: ${name}(…) { … } instead of ${name} = (…) => …`,
      }
    case 'private member':
      return {
        cause: `${decorator} is on a private member, which nobody outside of the class can call`,
        fix: `name it ${name.slice(1)}, without the #`,
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
    case 'uncalled':
      return {
        cause: `${decorator} is written without parentheses`,
        fix: `write ${decorator}(${event === 'option' ? "'url'" : ''})`,
      }
    case 'class':
    case 'parameter':
      return { cause: `${decorator} is on a ${kind}`, fix: 'put it on a method of the class' }
  }
}

/** `defineHandlers` takes whatever plain JavaScript hands it. */
function eventMistake({ kind, event }: HandlerRecord): HandlerMistake | undefined {
  if (kind !== 'named' || HANDLER_EVENTS.includes(event)) return undefined
  return {
    cause: `is named for '${event as string}', which defineHandlers does not know`,
    fix: `name it for one of ${HANDLER_EVENTS.join(', ')}`,
  }
}

function methodMistake(
  { kind, event, member, decorator }: HandlerRecord,
  prototype: object,
): HandlerMistake | undefined {
  const method = (prototype as Record<string | symbol, unknown>)[member]
  if (typeof method !== 'function') {
    if (kind === 'named') {
      const cause = `is no method of the class, and defineHandlers names it (${decorator})`
      return {
        cause,
        fix: 'give the name of a method as it is written in the class: neither static nor with a #',
      }
    }
    return {
      cause: `${decorator} is on something that is no method any more`,
      fix: 'do not override it with anything but a method',
    }
  }
  if (event === 'option') return undefined
  if (method.length <= MAX_PARAMETERS) return undefined
  return {
    cause: `takes ${method.length} parameters, and a handler gets ${MAX_PARAMETERS}: the event and its context`,
    fix: 'take what else it needs through the constructor',
  }
}

/** Finds a `@ClientOption` of a name that no method can have, or an async method whose promise is not awaited. */
function optionMistake(
  { event, args, member }: HandlerRecord,
  prototype: object,
): HandlerMistake | undefined {
  if (event !== 'option') return undefined
  const [name] = args
  if (!isClientOptionName(name)) {
    const { fix } = unknownName(String(name), 'option', CLIENT_OPTION_NAMES)
    return { cause: `${describeName(name)} is not an option that can be a method`, fix }
  }
  if (isAwaited(name)) return undefined
  return checkSync((prototype as Record<string | symbol, unknown>)[member], '')[0]
}

function describeName(name: unknown): string {
  return typeof name === 'string' ? `'${name}'` : describeValue(name)
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
  return {
    cause: `${decorator} names ${length} things beside the method, and ${event} takes ${most} at most`,
    fix:
      most === 0 ? 'name the method alone' : 'leave out what is too much, or say it once for each on its own',
  }
}

function errorClassMistake(args: HandlerRecord['args'], decorator: string): HandlerMistake | undefined {
  const [argument] = args
  if (args.length === 0 || isErrorClass(argument)) return undefined
  return {
    cause: `${decorator} names no class of errors${argument === undefined ? ' (is it imported in a circle?)' : ''}`,
    fix: 'name Error or a class that extends it, or nothing at all',
  }
}

function optionsMistake(options: OnMessageOptions, decorator: string): HandlerMistake | undefined {
  const unknown = Object.keys(options).find((name) => name !== 'duringOpen')
  if (unknown !== undefined) {
    return {
      cause: `${decorator} has the unknown option ${unknown}`,
      fix: 'leave it out; there is duringOpen',
    }
  }
  const duringOpen: unknown = options.duringOpen
  if (duringOpen === undefined || typeof duringOpen === 'boolean') return undefined
  const cause = `${decorator} has a duringOpen that is ${describeValue(duringOpen)}`
  return { cause, fix: 'give true or false' }
}

function messageMistake(args: HandlerRecord['args'], decorator: string): HandlerMistake | undefined {
  if (args.length === 0) return undefined
  const [first, second] = args
  const circle = args.includes(undefined) ? ' (is it imported in a circle?)' : ''
  const isKey = typeof first === 'string' || typeof first === 'number'
  if (!isKey && (args.length > 1 || !isSchema(first))) {
    return {
      cause: `${decorator} has a key that is neither a string nor a number${circle}`,
      fix: 'give the key as messages carry it, a Standard Schema (zod, valibot, arktype, …), both, or nothing at all',
    }
  }
  if (args.length < 2 || isSchema(second)) return undefined
  return {
    cause: `${decorator} has a schema that does not follow Standard Schema${circle}`,
    fix: 'give one of zod (from 3.24), valibot (from 1.0), arktype (from 2.0) or another library that standardschema.dev lists',
  }
}

function isErrorClass(argument: unknown): boolean {
  return typeof argument === 'function' && (argument === Error || argument.prototype instanceof Error)
}
