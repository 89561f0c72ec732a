// The transport of a connection that is given none. The package's "browser" condition swaps this file.
export { connectWs as connectDefault } from './ws/ws-transport.js'
