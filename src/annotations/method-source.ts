type AnyMethod = (...args: never[]) => unknown

const NAME = String.raw`[\p{ID_Start}$_][\p{ID_Continue}$]*`
/** One parameter at most: a name, or a flat pattern without defaults, computed keys or comments. */
const PARAMETER = String.raw`(?:${NAME}|\{[\p{ID_Continue}$\s,:]*\}|\[[\p{ID_Continue}$\s,]*\])`
const PLAIN = new RegExp(
  String.raw`^(?:async\b\s*)?(?:function\b\s*)?\*?\s*(?:${NAME})?\s*\(\s*(?:${PARAMETER}\s*,?)?\s*\)\s*\{`,
  'u',
)
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
