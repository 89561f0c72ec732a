import type { Readable } from 'node:stream'

/** Returns everything that waits in a stream. From Node 26 on, `read()` returns one chunk at a time. */
export function readAll(stream: Readable): string {
  let text = ''
  const next = (): Buffer | string | null => stream.read() as Buffer | string | null
  for (let chunk = next(); chunk !== null; chunk = next()) text += chunk.toString()
  return text
}
