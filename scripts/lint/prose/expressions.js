// The expressions of the prose lint. Each one names a habit that the style sheet of CONTRIBUTING.md forbids.

/** @typedef {{ pattern: RegExp, advice: string }} Expression */

/** @type {readonly Expression[]} */
export const EXPRESSIONS = [
  {
    pattern: /(?:^|[.;:] )what (?!if|about)[^.?!]*\.(?!\w)/gi,
    advice: 'Start with the subject instead of "what".',
  },
  { pattern: /\b(?:somebody|nobody|whoever|whomever)\b/gi, advice: 'Name the actor.' },
  {
    pattern:
      /\b(?:is|are|was|were|be|been|not|and|or|it|CODE) said\b|\bsays? (?:it|them|what|why|which|so|no|how)\b|, say\b/gi,
    advice: 'Programs send, report or return. They do not speak.',
  },
  {
    pattern: /\btold\b|\btells? (?:of|at|what|why|an?|it|its)\b/gi,
    advice: 'Write "reports", "receives" or "distinguishes".',
  },
  {
    pattern: /\bso (?:many|much|long)\b(?! (?:as|that)\b)/gi,
    advice: 'Write "up to" or "at most", with the name of the limit.',
  },
  {
    pattern: /(?<!there )\b(?:is|are|was|were) no (?!longer|more|different|better|need)[a-z]+/gi,
    advice: 'Write "not a", never "is no".',
  },
  {
    pattern: /\b(?:anew|meanwhile|for ever|as ever|all the same(?=[.,;:])|beside)\b/gi,
    advice: 'Write "again", "while", "indefinitely", "as usual", "anyway" or "next to".',
  },
  {
    pattern: /, for (?:it|they|there|one|nothing|chance|what|that is)\b/gi,
    advice: 'Write "because".',
  },
  {
    pattern: /\bsome \d|\bat the (?:most|least)\b|\d(?: \w+)?,? at most\b/gi,
    advice: 'Write "about N", or "at most N" with the number last.',
  },
  {
    pattern: /\bof (?:your|its|our|their|ours|yours|the \w+'s) own\b/gi,
    advice: 'Write "your own" or "custom".',
  },
  { pattern: /\bunder way\b|\bon (?:its|their) way\b/gi, advice: 'Write "pending" or "in flight".' },
  {
    pattern: /\bcuts? (?:the |its |all |a )?(?:sockets?|connections?|line)\b|\b(?:is|was|are|be|and) cut\b/gi,
    advice: 'Write "terminate" or "is lost".',
  },
  {
    pattern: /\btaken for dead\b|\b(?:is|are|was|be|been) given up\b/gi,
    advice: 'Write "considered lost", "abandoned" or "canceled".',
  },
  {
    pattern: /\b(?:comes?|came) (?:in|too late|after all|of it|of that)\b|\bto come\b/gi,
    advice: 'Write "arrives", "later" or "results".',
  },
  { pattern: /\bhand(?:s|ed|ing)? (?:on|over|out)\b/gi, advice: 'Write "pass" or "deliver".' },
  { pattern: /\b(?:is|are|was|were|be) asked\b/gi, advice: 'Write "called".' },
  {
    pattern: /(?:^|[.;] )where (?!to\b)[^?,.]*,|, where (?:there|it|that|they|one) (?:is|are|has|have)\b/gi,
    advice: 'Write "if" for a condition.',
  },
  {
    pattern: /\bha(?:s|ve) (?:not (?:settled|answered|finished|been sent)|seen no|had no|sent nothing)\b/gi,
    advice: 'Write "did not complete" or "received no".',
  },
  {
    pattern: /\b(?:breath(?:s|ed)?|patience|vitals|verdict|forgiv\w+|excus\w+|innocent|accus\w+|judged?)\b/gi,
    advice: 'Write the standard word: "probe read", "deadline", "stats", "retry decision" or "reset".',
  },
]

/** The most words that a sentence of prose may have. */
const LONGEST_SENTENCE = 35

/**
 * Lists the style violations of a text. Inline code must already be replaced by `CODE`.
 *
 * @param {string} text One paragraph, comment or string, its lines joined.
 * @returns {readonly string[]}
 */
export function violationsOf(text) {
  return EXPRESSIONS.flatMap(({ pattern, advice }) =>
    [...text.matchAll(pattern)].map(([match]) => `"${match.trim()}": ${advice}`),
  )
}

/**
 * Lists the sentences that are too long or too nested for prose.
 *
 * @param {string} text One paragraph or comment, its lines joined.
 * @returns {readonly string[]}
 */
export function heavySentencesOf(text) {
  return text.split(/(?<=[.?!])\s+(?=[A-Z`"(@])/).flatMap((sentence) => {
    const words = sentence.split(/\s+/).filter((word) => /\w/.test(word)).length
    const colons = sentence.match(/:(?=\s)/g)?.length ?? 0
    const start = `"${sentence.slice(0, 40)}…"`
    return [
      ...(words > LONGEST_SENTENCE
        ? [`${start} has ${words} words: expected at most ${LONGEST_SENTENCE}. Split it.`]
        : []),
      ...(colons > 1 ? [`${start} has ${colons} colons: expected at most 1. Split it.`] : []),
    ]
  })
}

/** Replaces inline code, links and addresses by words, and joins the lines. */
export function plainText(text) {
  return text
    .replace(/`[^`]*`/g, 'CODE')
    .replace(/\{@link [^}]*\}/g, 'CODE')
    .replace(/\b(?:https?|wss?):\/\/\S+/g, 'CODE')
    .replace(/\s+/g, ' ')
    .trim()
}
