export { WebSocket } from 'ws'

/** Whether sockets can read into one shared buffer here. */
export const canShareReads: boolean = true
