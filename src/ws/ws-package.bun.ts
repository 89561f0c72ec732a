import { createRequire } from 'node:module'
import type { WebSocket as WsWebSocket } from 'ws'

/**
 * Loads the `ws` package by path. For an import by name, Bun substitutes its own WebSocket, which ignores `maxFragments`, does not report
 * resets, and hides invalid handshake responses.
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

/** False because Bun calls the `callback` of `onread` without the socket. */
export const canShareReads: boolean = false
