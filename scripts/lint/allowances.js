// What is allowed although a check finds it: allowed.json and forwarding.json, which may only shrink.
import { readFileSync } from 'node:fs'

/**
 * @typedef {object} Allowances
 * @property {string} path From the project's folder
 * @property {any} entries
 * @property {(key: string) => number} lineOf Returns the line of an entry, from 1
 */

/**
 * Reads a file of this folder.
 *
 * @param {string} name
 * @returns {Allowances}
 */
export function readAllowances(name) {
  return allowancesOf(`scripts/lint/${name}`, readFileSync(new URL(name, import.meta.url), 'utf8'))
}

/**
 * @param {string} path
 * @param {string} text
 * @returns {Allowances}
 */
export function allowancesOf(path, text) {
  const lines = text.split('\n')
  const lineOf = (key) => lines.findIndex((line) => line.trim().startsWith(`${JSON.stringify(key)}:`)) + 1
  return { path, entries: JSON.parse(text), lineOf }
}

/**
 * Removes the allowed findings, and adds one for each entry that has no reason or that nothing needs.
 *
 * @param {readonly import('./project.js').Finding[]} findings
 * @param {string} check The name of the group in allowed.json
 * @param {Allowances} allowances
 * @returns {readonly import('./project.js').Finding[]}
 */
export function withoutAllowed(findings, check, { path, entries, lineOf }) {
  const group = entries[check] ?? {}
  const found = new Set(findings.map(({ key }) => key))
  const complaints = Object.entries(group).flatMap(([key, reason]) => {
    const entry = { file: path, line: lineOf(key) }
    if (!found.has(key)) {
      const message = `The entry "${key}" in "${check}" is not needed: nothing violates the rule. Remove it.`
      return [{ ...entry, message }]
    }
    if (typeof reason === 'string' && reason.trim() !== '') return []
    return [{ ...entry, message: `The entry "${key}" in "${check}" has no reason. Add one.` }]
  })
  const hint = `Otherwise, add "KEY" to "${check}" in ${path} with a reason.`
  const rest = findings
    .filter(({ key }) => !(key in group))
    .map((finding) => ({ ...finding, message: `${finding.message} ${hint.replace('KEY', finding.key)}` }))
  return [...rest, ...complaints]
}
