import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { run } from '../support/project.js'
import { claimsOf, wrongClaims, wrongOutput } from './claims.js'
import { fileOf } from './compile.js'
import type { Job, Report } from './job.js'
import type { Snippet } from './snippet.js'

const program = fileURLToPath(new URL('program.js', import.meta.url))

/** Maximum milliseconds that a snippet may run. */
const TIME_LIMIT = 20_000

/** Maximum number of processes at the same time. */
const PROCESSES = 2

type Group = readonly [Snippet, ...Snippet[]]

/** Each program has a process to itself. The clients and functions of a page share one. */
function groupsOf(snippets: readonly Snippet[]): readonly Group[] {
  const groups = new Map<string, Group>()
  for (const snippet of snippets) {
    if (snippet.kind === 'fragment') continue
    const key = snippet.kind === 'run' ? fileOf(snippet) : snippet.page
    const others = groups.get(key)
    groups.set(key, others ? [...others, snippet] : [snippet])
  }
  return [...groups.values()]
}

/** Returns why the process of a snippet ended badly, if it did so before the snippet could report that. */
function crash(snippet: Snippet, index: number, code: number, output: string, begun: number): string[] {
  const place = `${snippet.page}:${snippet.line}`
  if (index >= begun) return [`${place} was not run, because the process ended before: ${output}`]
  return code !== 0 && index === begun - 1 ? [`${place} ended its process with code ${code}: ${output}`] : []
}

/** Runs the snippets of a group in a new process, and returns what is wrong with each. */
async function runGroup(
  folder: URL,
  group: Group,
  timeLimit: number,
): Promise<readonly (readonly string[])[]> {
  const [{ page }] = group
  const reportsFile = new URL(`${fileOf(group[0])}-${group.length}.json`, folder)
  const parts = group.map((part) => ({ kind: part.kind, file: new URL(`${fileOf(part)}.js`, folder).href }))
  const job: Job = {
    page,
    parts,
    timeLimit: Math.min(timeLimit * parts.length, 45_000),
    reports: fileURLToPath(reportsFile),
  }
  const { code, output } = await run(process.execPath, ['--enable-source-maps', program, JSON.stringify(job)])
  const reports = existsSync(reportsFile) ? (JSON.parse(readFileSync(reportsFile, 'utf8')) as Report[]) : []
  return group.map((snippet, index) => {
    const { prints = [], failures = [] } = reports[index] ?? {}
    return [
      ...failures.map((failure) => `${page}:${snippet.line} ${failure}`),
      ...(failures.length === 0 ? crash(snippet, index, code, output, reports.length) : []),
      ...(reports[index] ? wrongClaims(page, claimsOf(snippet.code, snippet.line), prints) : []),
      ...(reports[index] ? wrongOutput(snippet, prints) : []),
    ]
  })
}

/**
 * Runs all snippets that can be run.
 *
 * @param folder where they were compiled
 * @param timeLimit maximum milliseconds that one may run
 * @returns what is wrong with each
 */
export async function runSnippets(
  folder: URL,
  snippets: readonly Snippet[],
  timeLimit = TIME_LIMIT,
): Promise<ReadonlyMap<Snippet, readonly string[]>> {
  const results = new Map<Snippet, readonly string[]>()
  const left = groupsOf(snippets).values()
  const work = async (): Promise<void> => {
    for (const group of left) {
      const failures = await runGroup(folder, group, timeLimit)
      group.forEach((snippet, index) => results.set(snippet, failures[index] ?? []))
    }
  }
  await Promise.all(Array.from({ length: PROCESSES }, work))
  return results
}
