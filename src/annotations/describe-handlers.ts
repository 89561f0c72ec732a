import type { HandlerDescription } from '../diagnostics/live-connections.js'
import type { HandlerTable, MessageHandler } from './handler-table.js'

/** Describes the handlers of a class: those for messages, then those for other events. */
export function describeHandlers({
  messages,
  rest,
  single,
  errors,
  anyError,
}: HandlerTable): HandlerDescription[] {
  const first = [...messages.values(), ...(rest ? [rest] : [])]
  const others = [...Object.values(single), ...errors.values(), ...(anyError ? [anyError] : [])]
  return [...first.flatMap(chainOf), ...others].map(({ name, decorator }) => ({ name, event: decorator }))
}

/** Returns a handler and all that are tried after it. */
function chainOf(handler: MessageHandler): MessageHandler[] {
  return handler.alternative ? [handler, ...chainOf(handler.alternative)] : [handler]
}
