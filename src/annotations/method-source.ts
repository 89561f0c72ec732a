type AnyMethod = (...args: never[]) => unknown

const NAME = String.raw`[\p{ID_Start}$_][\p{ID_Continue}$]*`
/** One parameter at most: a name, or a flat pattern without defaults, computed keys or comments. */
const PARAMETER = String.raw`(?:${NAME}|\{[\p{ID_Continue}$\s,:]*\}|\[[\p{ID_Continue}$\s,]*\])`
const HEADER = String.raw`(?:${NAME})?\s*\(\s*(?:${PARAMETER}\s*,?)?\s*\)\s*\{`
const PLAIN = new RegExp(String.raw`^(?:async\b\s*)?(?:function\b\s*)?\*?\s*${HEADER}`, 'u')
/** The same, neither async nor a generator; a method may be named `async`, but is not worth the doubt. */
const PLAIN_AND_SYNC = new RegExp(String.raw`^(?!async\b)(?:function\b\s*)?${HEADER}`, 'u')
/** Ways to reach arguments that no parameter names, escapes in names among them; and functions that show no source. */
const UNNAMED = /\barguments\b|\beval\b|\\u|\[native code\]/

/**
 * Tells where a method's source leaves no doubt that it cannot see its second argument. Whatever is written in another way than
 * most handlers are (defaults, rests, comments among the parameters, computed names, arrows, wrappers) may see it.
 */
export function ignoresContext(method: AnyMethod): boolean {
  const source = Function.prototype.toString.call(method)
  return PLAIN.test(source) && !UNNAMED.test(source)
}

/**
 * Tells where a method's source leaves no doubt that it returns nothing, so that it is over when it has returned: it is neither async nor a
 * generator, and the word does not occur in it.
 */
export function returnsNothing(method: AnyMethod): boolean {
  const source = Function.prototype.toString.call(method)
  return PLAIN_AND_SYNC.test(source) && !/\breturn\b|\\u|\[native code\]/.test(source)
}
