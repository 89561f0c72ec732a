/** Headers by name. A header that was given several times has several values. */
export type Headers = Readonly<Record<string, string | readonly string[]>>

/** A header, or the description of a mistake, which never contains a header's value. */
export type HeaderLine = { readonly name: string; readonly value: string } | { readonly mistake: string }

/** Environment variables with this prefix are headers. */
const PREFIX = 'HOLDFAST_HEADER_'

/** Reads a header of the form `Name: value`. */
export function parseHeader(line: string, place: string): HeaderLine {
  const colon = line.indexOf(':')
  if (colon < 1) return { mistake: `${place}: expected "Name: value", with a colon` }
  return { name: line.slice(0, colon).trim(), value: line.slice(colon + 1).trim() }
}

/** Reads the headers of a file: one on each line, except for empty lines and comments (`#`). */
export function parseHeaderFile(text: string, path: string): readonly HeaderLine[] {
  return text.split('\n').flatMap((line, index) => {
    const trimmed = line.trim()
    return trimmed === '' || trimmed.startsWith('#') ? [] : [parseHeader(trimmed, `${path}:${index + 1}`)]
  })
}

/** Reads `Name=VARIABLE`, whose value is in the environment. */
export function headerFromVariable(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): HeaderLine {
  const [, name, variable = ''] = /^([^=]+)=(.+)$/.exec(text) ?? []
  if (name === undefined)
    return { mistake: '--header-env: expected Name=VARIABLE, for example Authorization=TOKEN' }
  const value = environment[variable]
  if (value === undefined) return { mistake: `--header-env: the environment variable ${variable} is not set` }
  return { name, value }
}

/** Returns the headers in the environment: `HOLDFAST_HEADER_X_API_KEY` is `X-Api-Key`. */
export function environmentHeaders(environment: Readonly<Record<string, string | undefined>>): Headers {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([variable, value]) => {
      if (!variable.startsWith(PREFIX) || variable === PREFIX || value === undefined) return []
      const words = variable.slice(PREFIX.length).split('_')
      return [[words.map((word) => word.slice(0, 1) + word.slice(1).toLowerCase()).join('-'), value]]
    }),
  )
}

/** Returns the headers, and those defaults that they do not replace. The case of names does not matter. */
export function withDefaults(headers: Headers, defaults: Headers): Headers {
  const names = new Set(Object.keys(headers).map((name) => name.toLowerCase()))
  const missing = Object.entries(defaults).filter(([name]) => !names.has(name.toLowerCase()))
  return { ...Object.fromEntries(missing), ...headers }
}

/** Joins headers. Each name keeps the spelling of its first use. */
export function joinHeaders(lines: readonly { readonly name: string; readonly value: string }[]): Headers {
  const joined = new Map<string, { readonly name: string; readonly values: string[] }>()
  for (const { name, value } of lines) {
    const same = joined.get(name.toLowerCase())
    if (same) same.values.push(value)
    else joined.set(name.toLowerCase(), { name, values: [value] })
  }
  return Object.fromEntries(
    [...joined.values()].map(({ name, values }) => [name, values.length === 1 ? (values[0] ?? '') : values]),
  )
}

/** Returns the value of `Authorization` for a name and a password. */
export function basicCredentials(user: string): string {
  return `Basic ${Buffer.from(user).toString('base64')}`
}
