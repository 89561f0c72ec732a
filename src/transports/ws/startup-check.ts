import type { Mistake } from '../../errors/startup-error.js'
import type { SocketOptions } from '../transport.js'
import { findMissingPackage } from './proxy-agent.js'

/** Finds start-up mistakes in the options of the socket that only the transport can find. */
export async function checkSocket(options: SocketOptions): Promise<readonly Mistake[]> {
  return checkProxyPackage(options)
}

/** Reports that the package for the proxy is not installed. */
async function checkProxyPackage({ proxy }: SocketOptions): Promise<readonly Mistake[]> {
  if (proxy === undefined || proxy === false) return []
  const missing = await findMissingPackage(proxy)
  return missing ? [{ place: 'options.proxy', ...missing }] : []
}
