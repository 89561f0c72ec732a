/**
 * A live page that shows all connections of the process.
 *
 * @packageDocumentation
 */
export {}
