import { StringDecoder } from 'node:string_decoder'
import type { Readable } from 'node:stream'

/** An input stream, which can be a terminal. */
export type InputStream = Readable & { readonly isTTY?: boolean | undefined }

/** Iterates over the lines of a pipe or file. The last line doesn't need a line feed. */
export async function* linesOf(input: AsyncIterable<Buffer | string>): AsyncGenerator<string, void> {
  const decoder = new StringDecoder()
  let rest = ''
  for await (const chunk of input) {
    const lines = (rest + (typeof chunk === 'string' ? chunk : decoder.write(chunk))).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield withoutReturn(line)
  }
  rest += decoder.end()
  if (rest !== '') yield withoutReturn(rest)
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}
