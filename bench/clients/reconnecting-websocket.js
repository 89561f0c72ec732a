import ReconnectingWebSocket from 'reconnecting-websocket'
import { WebSocket } from 'ws'
import { wire } from './event-target.js'

export function open(url, handle) {
  return wire(new ReconnectingWebSocket(url, [], { WebSocket }), handle)
}
