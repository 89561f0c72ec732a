import * as nodeModule from 'node:module'
import { isAbsolute, join } from 'node:path'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Returns the folder for compiled code: in XDG_CACHE_HOME or, by default, in `~/.cache`. Not Node's default, which is in the folder for
 * temporary files: other users can write there, and Node runs what it reads.
 */
export function compileCacheFolder({
  XDG_CACHE_HOME: given = '',
  HOME: home = '',
}: Environment): string | undefined {
  if (isAbsolute(given)) return join(given, 'holdfast')
  return isAbsolute(home) ? join(home, '.cache', 'holdfast') : undefined
}

/** perf: Keeps compiled code for the next start, which saves 25 ms of 145. Node.js 22.1 and later can do this. */
export function keepCompiledCode(environment: Environment): void {
  const { enableCompileCache } = nodeModule as { enableCompileCache?: (folder: string) => unknown }
  const folder = compileCacheFolder(environment)
  if (folder !== undefined) enableCompileCache?.(folder)
}
