import { createRequire } from 'node:module'
import type { WebSocket as WsWebSocket } from 'ws'

/**
 * Loads the package `ws` by its path. By its name, Bun gives its own WebSocket instead, which ignores `maxFragments`, reports no reset, and
 * hides the response that breaks the rules of the handshake.
 */
function load(): { readonly WebSocket: typeof WsWebSocket } {
  const require = createRequire(import.meta.url)
  try {
    return require(require.resolve('ws/package.json').replace(/package[.]json$/, 'index.js')) as never
  } catch (cause) {
    const message =
      'Cannot load the ws package: on Bun, ws cannot be bundled. Keep node_modules next to the program'
    throw new Error(message, { cause })
  }
}

export const { WebSocket } = load()

/** Bun calls the `callback` of `onread` without its socket. */
export const canShareReads: boolean = false
