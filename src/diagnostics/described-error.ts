import { escapeText, reasonOf, safeString, toError } from '../core/error-text.js'
import { hidden } from './hidden.js'
import type { DiagnosticError } from './payloads.js'
import { withoutSecrets } from './secrets.js'

/**
 * Returns a description of an error, or of anything else that was thrown, without secrets. Its cause and its details stay out, because they
 * can contain headers, bodies and messages.
 */
export function describeError(thrown: unknown): DiagnosticError {
  const error = toError(thrown)
  const { code } = error as { readonly code?: unknown }
  const described = {
    name: safeString(error.name),
    ...(typeof code === 'string' && { code }),
    message: escapeText(withoutSecrets(safeString(reasonOf(error)))),
  }
  return hidden(described, 'stack', () => withoutSecrets(safeString(error.stack)))
}
