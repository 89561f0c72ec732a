import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readDocument } from './markdown.js'
import { root } from './project.js'

/** Finds the files that a reader of a page saves: the path of each is in the first line of its block, or in the text above it. */
function filesOf(page: string): readonly (readonly [path: string, text: string])[] {
  const fence = /(?:`([\w./-]+)`:\n\n)?```\w+[^\n]*\n(?:\/\/ ([\w./-]+)\n)?([^]*?)^```$/gm
  return [...readDocument(page).matchAll(fence)].flatMap(([, above, within, text = '']) => {
    const path = within ?? above
    return path === undefined ? [] : [[path, text] as const]
  })
}

/**
 * Creates an empty folder in `.build` with the package installed, as the reader of a page does.
 *
 * @returns the path of the folder
 */
export function emptyProject(name: string): string {
  const folder = fileURLToPath(new URL(`.build/${name}/`, root))
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(folder, 'node_modules'), { recursive: true })
  symlinkSync(fileURLToPath(root), join(folder, 'node_modules', 'holdfast'), 'dir')
  return folder
}

/**
 * Saves the files of a page in a folder.
 *
 * @param adapt changes a text before it is saved
 * @returns the paths of the files
 */
export function saveFiles(
  page: string,
  folder: string,
  adapt: (text: string) => string = (text) => text,
): readonly string[] {
  const files = filesOf(page)
  for (const [path, text] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), adapt(text))
  }
  return files.map(([path]) => path)
}
