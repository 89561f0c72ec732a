export { WebSocket } from 'ws'

/** Whether sockets can read into one shared buffer on this runtime. */
export const canShareReads: boolean = true
