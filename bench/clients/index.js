// The rows of the tables. `load` imports a client, in its own process only; `does` lists what it can do; `isLimit` marks what is
// shown for comparison and is no peer.
import { fastPaths } from './switches.js'

const SOCKET = ['receive', 'wss', 'send', 'echo']

export const clients = [
  {
    name: 'ws',
    does: [...SOCKET, 'deflate', 'idle', 'heartbeat'],
    load: async () => (await import('./ws.js')).open,
  },
  {
    name: 'ws-tuned',
    does: [...SOCKET, 'deflate'],
    load: async () => (await import('./ws-tuned.js')).open,
  },
  {
    name: 'holdfast',
    does: [...SOCKET, 'idle', 'heartbeat', 'dispatch', 'bootstrap'],
    load: async () => (await import('./holdfast.js')).open,
  },
  {
    name: 'holdfast-plain',
    does: [...SOCKET],
    missing: fastPaths.off ? undefined : 'fast paths cannot be switched off yet',
    load: async () => {
      const { open } = await import('./holdfast.js')
      return (url, handle) => open(url, handle, fastPaths.off)
    },
  },
  {
    name: 'net',
    isLimit: true,
    does: ['receive', 'wss', 'send'],
    load: async () => (await import('./net.js')).open,
  },
]
