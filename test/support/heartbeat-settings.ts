import type { HeartbeatSettings } from '#src/link/heartbeat.js'

// One example of each heartbeat style.
export const PING = { style: 'ping', interval: 20_000, timeout: 10_000 } satisfies HeartbeatSettings
export const MESSAGE = {
  style: 'message',
  interval: 20_000,
  timeout: 10_000,
  message: () => 'beat',
} satisfies HeartbeatSettings
export const TEXT = {
  style: 'text',
  interval: 20_000,
  timeout: 10_000,
  text: 'ping',
  reply: 'pong',
} satisfies HeartbeatSettings
export const SILENCE = { style: 'silence', silence: 30_000 } satisfies HeartbeatSettings
export const OFF = { style: 'off' } satisfies HeartbeatSettings
