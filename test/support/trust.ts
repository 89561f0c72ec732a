import tls from 'node:tls'
import { SELF_SIGNED } from './self-signed.js'

/**
 * Makes this process trust {@link SELF_SIGNED}, because a test server cannot add it to NODE_EXTRA_CA_CERTS.
 *
 * @returns a function that ends this
 */
export function trustSelfSigned(): () => void {
  const { createSecureContext } = tls
  tls.createSecureContext = (options) => createSecureContext({ ...options, ca: SELF_SIGNED.cert })
  return () => (tls.createSecureContext = createSecureContext)
}
