/**
 * Loads the SOCKS client from the dependencies of `socks-proxy-agent`. The agent itself cannot abort an attempt to connect, and its errors
 * contain the credentials but not Node's error code.
 */
export async function loadSocks(): Promise<unknown> {
  // Imported here, because bundles often declare the name at their start.
  const { createRequire } = await import('node:module')
  return createRequire(import.meta.resolve('socks-proxy-agent'))('socks')
}
