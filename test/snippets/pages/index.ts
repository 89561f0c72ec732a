import type { PageScripts } from '../script.js'

/** The scripts of all pages. */
export const SCRIPTS: Readonly<Record<string, PageScripts>> = {}
