import type { ESLint } from 'eslint'
import { root } from './project.js'

/** Loads the project's ESLint plugin, which is JavaScript and not part of the build. */
export async function housePlugin(): Promise<ESLint.Plugin> {
  const module: unknown = await import(new URL('scripts/lint/eslint-plugin.js', root).href)
  return (module as { readonly default: ESLint.Plugin }).default
}
