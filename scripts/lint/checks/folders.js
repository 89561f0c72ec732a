// Keeps each folder of src small enough to know, and the floors few enough to draw.
import { dirname } from 'node:path/posix'

const MOST_SHARE = 0.15
const MOST_FILES = 16
const MOST_FLOORS = 12

/**
 * A folder's files and lines include those of its folders. Floors are folders on the longest way down by imports.
 *
 * @param {import('../project.js').Project} project
 * @returns {readonly import('../project.js').Finding[]}
 */
export function checkFolders(project) {
  const { sources, pathOf } = project
  const lines = (files) => files.reduce((sum, file) => sum + file.getLineStarts().length - 1, 0)
  const total = lines(sources)
  const findings = []
  for (const folder of foldersOf(sources.map(pathOf))) {
    const files = sources.filter((file) => pathOf(file).startsWith(`${folder}/`))
    const share = lines(files) / total
    if (files.length > MOST_FILES) {
      const message = `${folder} has ${files.length} files: expected at most ${MOST_FILES}. Split it by topic, or merge files.`
      findings.push({ file: folder, line: 1, message })
    }
    if (share > MOST_SHARE) {
      const shown = `${(share * 100).toFixed(1)} % of the lines of src`
      const message = `${folder} has ${shown}: expected at most ${MOST_SHARE * 100} %. Split it by topic.`
      findings.push({ file: folder, line: 1, message })
    }
  }
  const floors = longestWayDown(importsBetweenFolders(project))
  if (floors.length > MOST_FLOORS) {
    const way = floors.join(' → ')
    const message = `src has ${floors.length} floors of folders: expected at most ${MOST_FLOORS} (${way}). Merge two of them.`
    findings.push({ file: 'src', line: 1, message })
  }
  return findings
}

/** Lists the folders below src, parents included. */
function foldersOf(paths) {
  const folders = new Set()
  for (const path of paths)
    for (let folder = dirname(path); folder !== 'src'; folder = dirname(folder)) folders.add(folder)
  return folders
}

/** Returns the folders that each folder imports; src itself, with the entry, is not one of them. */
function importsBetweenFolders({ checker, sources, pathOf }) {
  const imports = new Map()
  for (const file of sources) {
    const from = dirname(pathOf(file))
    if (from === 'src') continue
    const targets = imports.get(from) ?? new Set()
    imports.set(from, targets)
    for (const { moduleSpecifier } of file.statements) {
      const module = moduleSpecifier && checker.getSymbolAtLocation(moduleSpecifier)?.valueDeclaration
      if (module && sources.includes(module)) targets.add(dirname(pathOf(module)))
    }
  }
  return imports
}

/** Folders that import each other in a circle stand on the way one after the other. */
function longestWayDown(imports) {
  const reach = new Map([...imports.keys()].map((folder) => [folder, reachOf(folder, imports)]))
  const isBelow = (folder, other) => reach.get(folder).has(other) && !reach.get(other)?.has(folder)
  const ways = new Map()
  const wayFrom = (folder) => {
    const known = ways.get(folder)
    if (known) return known
    const circle = [...imports.keys()].filter((other) => other === folder || isOneCircle(folder, other))
    const below = [...imports.keys()].filter((other) => circle.some((member) => isBelow(member, other)))
    const longest = below.map(wayFrom).reduce((most, way) => (way.length > most.length ? way : most), [])
    const way = [...circle, ...longest]
    ways.set(folder, way)
    return way
  }
  const isOneCircle = (folder, other) => reach.get(folder).has(other) && reach.get(other).has(folder)
  return [...imports.keys()].map(wayFrom).reduce((most, way) => (way.length > most.length ? way : most), [])
}

function reachOf(folder, imports) {
  const reached = new Set()
  const open = [folder]
  for (let next = open.pop(); next !== undefined; next = open.pop())
    for (const target of imports.get(next) ?? []) {
      if (reached.has(target)) continue
      reached.add(target)
      open.push(target)
    }
  return reached
}
