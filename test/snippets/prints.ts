import { fileURLToPath } from 'node:url'
import { format } from 'node:util'
import type { Print } from './claims.js'

const METHODS = ['log', 'error', 'warn', 'info', 'debug'] as const

/** Finds the line of a snippet that is being run, by way of its source map. */
function callLine(source: string): number {
  const frame = (new Error().stack ?? '').split('\n').find((line) => line.includes(source)) ?? ''
  return Number(/[.]ts:(\d+)/.exec(frame)?.[1] ?? 0)
}

/**
 * Keeps what a snippet prints, and prints it, too.
 *
 * @param file the snippet's JavaScript
 * @returns what is kept
 */
export function keepPrints(file: URL): readonly Print[] {
  const prints: Print[] = []
  const source = fileURLToPath(file).replace(/[.]js$/, '.ts')
  for (const method of METHODS) {
    console[method] = (...args: unknown[]) => {
      const text = format(...args)
      prints.push({ line: callLine(source), text })
      process.stderr.write(`${text}\n`)
    }
  }
  return prints
}
