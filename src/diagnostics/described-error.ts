import { escapeText, reasonOf, safeString, toError } from '../core/error-text.js'
import type { DiagnosticError } from './payloads.js'
import { withoutSecrets } from './secrets.js'

/** Describes an error for diagnostics. Its cause and its details stay out, because they can contain headers, bodies and messages. */
class DescribedError implements DiagnosticError {
  readonly name: string
  readonly code?: string
  readonly message: string
  readonly #original: Error

  constructor(original: Error) {
    const { code } = original as { readonly code?: unknown }
    this.name = safeString(original.name)
    if (typeof code === 'string') this.code = code
    this.message = escapeText(withoutSecrets(safeString(reasonOf(original))))
    this.#original = original
  }

  get stack(): string | undefined {
    const { stack } = this.#original
    return typeof stack === 'string' ? withoutSecrets(stack) : undefined
  }
}

/** Returns a description of an error, or of anything else that was thrown, without secrets. */
export function describeError(thrown: unknown): DiagnosticError {
  return new DescribedError(toError(thrown))
}
