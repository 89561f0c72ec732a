import { fileURLToPath } from 'node:url'

/** Root of the project. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** Everything that the build writes. */
export const SITE = `${ROOT}.build/site/`
/** Pages as Markdown. */
export const PAGES = `${SITE}pages/`
/** The site. */
export const HTML = `${SITE}html/`
