import { createWsTransport } from '../../dist/index.js'

/** The options that turn the fast paths of Holdfast off. */
export const fastPaths = { off: { transport: createWsTransport({ fastPaths: false }) } }

/** The options that turn compression on in Holdfast; `undefined` while there are none, and then that cell is empty. */
export const compression = { on: undefined }
