import { execFile } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** The project's folder, relative to the compiled tests. */
export const root = new URL('../../../', import.meta.url)

/** Path of the compiler that builds the project. */
export const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')

/** The parts of package.json that matter to users of the package. */
export interface PackageJson {
  readonly homepage: string
  readonly bugs: string
  readonly repository: { readonly type: string; readonly url: string }
  readonly version: string
  readonly scripts: Readonly<Record<string, string>>
  readonly bin: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, string | { readonly types: string }>>
  readonly typesVersions: Readonly<Record<string, unknown>>
  readonly engines: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional?: boolean }>>
}

export function readJson(path: string): unknown {
  return JSON.parse(readFileSync(new URL(path, root), 'utf8'))
}

export function readPackageJson(): PackageJson {
  return readJson('package.json') as PackageJson
}

/** Lists the files of a folder, including subfolders, as paths relative to the project's folder. */
export function filesIn(folder: string, leaveOut: ReadonlySet<string> = new Set()): readonly string[] {
  return readdirSync(new URL(folder, root), { withFileTypes: true }).flatMap((entry) => {
    if (leaveOut.has(entry.name)) return []
    const path = folder + entry.name
    return entry.isDirectory() ? filesIn(`${path}/`, leaveOut) : [path]
  })
}

/** Exit code and output of a program. */
export interface Run {
  readonly code: number
  readonly output: string
}

/**
 * Runs a program to its end, or for 50 seconds, and does not throw if it fails. Coverage does not include it, because writing the
 * coverage of a compiler takes longer than compiling.
 */
export async function run(
  program: string,
  args: readonly string[],
  cwd: string | URL = root,
  env: Readonly<Record<string, string>> = {},
): Promise<Run> {
  const options = {
    cwd: typeof cwd === 'string' ? cwd : fileURLToPath(cwd),
    env: { ...process.env, NODE_V8_COVERAGE: '', NODE_OPTIONS: '', ...env },
    timeout: 50_000,
  }
  try {
    const { stdout, stderr } = await promisify(execFile)(program, args, options)
    return { code: 0, output: stdout + stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: unknown; stdout?: string; stderr?: string }
    return {
      code: typeof code === 'number' ? code : -1,
      output: `${stdout ?? ''}${stderr ?? ''}` || String(error),
    }
  }
}
