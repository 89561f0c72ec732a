import type { Settings } from './settings.js'

/** Says what is going to be seen, and how to end it. */
export function introduction({
  inspectorUrl,
  marketUrl,
  duration,
  restartAfter,
}: Settings): readonly string[] {
  const isOver = duration !== undefined && duration <= restartAfter
  return [
    'Two WebSocket connections, held by Holdfast:',
    inspectorUrl === undefined
      ? '- inspector: a Node process that this app starts: its heap, garbage collections and console'
      : `- inspector: the process at ${new URL(inspectorUrl).host}, its heap and console`,
    marketUrl === undefined
      ? '- market: prices from a small server in this app, which drops the connection now and then'
      : `- market: prices from ${new URL(marketUrl).host}`,
    ...(inspectorUrl === undefined && !isOver
      ? [
          `In ${restartAfter / 1_000} s the process is killed and started again: watch the connection come back.`,
        ]
      : []),
    duration === undefined
      ? 'Ctrl-C ends it.'
      : `It ends by itself after ${duration / 1_000} s, or with Ctrl-C.`,
  ]
}
