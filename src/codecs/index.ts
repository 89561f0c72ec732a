/**
 * Codecs for JSON, text, and compressed messages.
 *
 * @packageDocumentation
 */
export { compressedCodec } from './compressed.js'
export type { CompressedCodecOptions, CompressionFormat } from './compressed.js'
export { createJsonCodec, jsonCodec } from './json.js'
export type { JsonCodecOptions } from './json.js'
export { textCodec } from './text.js'
