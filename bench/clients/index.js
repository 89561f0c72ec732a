// The rows of the tables. Each module is imported only in its own process. `does` lists the workloads of a client. `isLimit` marks a row
// that is shown for comparison only. `share` reduces the work of slow clients. `missing` is the reason why a client cannot run here.
const REQUESTS = 'requests'
const SOCKET = ['receive', 'wss', 'send', 'echo']
const COMPRESSED = [...SOCKET, 'deflate']
const LONG = [...COMPRESSED, 'long', 'nested']

export const clients = [
  {
    name: 'ws',
    does: [...LONG, 'binary', 'select', REQUESTS, 'idle'],
    packages: ['ws'],
    load: () => import('./ws.js'),
  },
  { name: 'ws-tuned', does: [...LONG, REQUESTS], load: () => import('./ws-tuned.js') },
  {
    name: 'holdfast',
    does: [...LONG, 'binary', 'select', REQUESTS, 'idle', 'memory'],
    load: () => import('./holdfast.js'),
  },
  {
    name: 'holdfast-plain',
    does: [...LONG, 'binary'],
    load: () => import('./holdfast-plain.js'),
  },
  {
    name: 'nestjs-websocket',
    does: COMPRESSED,
    packages: ['nestjs-websocket', '@nestjs/core'],
    load: () => import('./nestjs-websocket.js'),
  },
  {
    name: 'partysocket',
    does: COMPRESSED,
    packages: ['partysocket'],
    load: () => import('./partysocket.js'),
  },
  {
    name: 'reconnecting-websocket',
    does: COMPRESSED,
    packages: ['reconnecting-websocket'],
    load: () => import('./reconnecting-websocket.js'),
  },
  {
    name: 'graphql-ws',
    does: ['receive', 'wss'],
    packages: ['graphql-ws', 'graphql'],
    load: () => import('./graphql-ws.js'),
  },
  {
    name: 'socket.io-client',
    does: SOCKET,
    packages: ['socket.io-client'],
    load: () => import('./socket-io.js'),
  },
  {
    name: 'runtime',
    does: COMPRESSED,
    missing: globalThis.WebSocket ? undefined : 'this runtime has no WebSocket',
    load: () => import('./runtime.js'),
  },
  {
    name: 'python-websockets',
    does: SOCKET,
    share: 0.2,
    python: { module: 'websockets', script: 'python/websockets_client.py' },
  },
  {
    name: 'python-websocket-client',
    does: SOCKET,
    share: 0.03,
    python: { module: 'websocket', script: 'python/websocket_client.py' },
  },
  {
    name: 'net',
    does: ['receive', 'wss', 'nested', 'send', 'idle'],
    isLimit: true,
    load: () => import('./net.js'),
  },
]
