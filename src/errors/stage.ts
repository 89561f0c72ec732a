/** Stage at which an error happened. */
export type Stage =
  'connect' | 'open' | 'decode' | 'validate' | 'handle' | 'encode' | 'send' | 'heartbeat' | 'close'
