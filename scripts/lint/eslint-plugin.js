// The house rules that ESLint can check in one file.
import { prose, proseMarkdown } from './prose/rules.js'

/** @typedef {import('eslint').Rule.RuleModule} Rule */

const FIELDS = new Set(['PropertyDefinition', 'AccessorProperty', 'TSAbstractPropertyDefinition'])
const METHODS = new Set(['MethodDefinition', 'TSAbstractMethodDefinition'])

/** Returns the name of a class member; the two members of a get and set pair have one name, and so have overloads. */
function nameOf({ key, computed }, sourceCode) {
  return (computed ? 'computed ' : '') + sourceCode.getText(key)
}

/**
 * Counts the fields and the members of each class. Fields are properties, private and static ones and parameter properties
 * included. Members are fields, methods and accessors. A get and set pair and the overloads of a method count once; constructors and
 * static blocks do not count.
 *
 * @type {Rule}
 */
const classWidth = {
  meta: {
    type: 'suggestion',
    schema: [
      {
        type: 'object',
        properties: {
          fields: { type: 'integer' },
          members: { type: 'integer' },
          // The reason, by the name of the class.
          exempt: { type: 'object', additionalProperties: { type: 'string', minLength: 1 } },
        },
        additionalProperties: false,
      },
    ],
    messages: {
      tooWide: '{{name}} has {{count}} {{what}}: expected at most {{most}}. Split it by topic.',
      notNeeded:
        '{{name}} is exempt from class-width, but the class is within the limits. Remove the exemption.',
    },
  },
  create(context) {
    const { fields: mostFields = 12, members: mostMembers = 30, exempt = {} } = context.options[0] ?? {}
    return {
      ClassBody(body) {
        const name = body.parent.id?.name ?? '(anonymous)'
        const { fields, members } = count(body, context.sourceCode)
        const tooWide = [
          { what: 'fields', count: fields, most: mostFields },
          { what: 'members', count: members, most: mostMembers },
        ].filter(({ count, most }) => count > most)
        const node = body.parent.id ?? body.parent
        if (!Object.hasOwn(exempt, name))
          for (const data of tooWide) context.report({ node, messageId: 'tooWide', data: { name, ...data } })
        else if (tooWide.length === 0) context.report({ node, messageId: 'notNeeded', data: { name } })
      },
    }
  },
}

function count({ body }, sourceCode) {
  const isConstructor = ({ kind }) => kind === 'constructor'
  const fields =
    body.filter(({ type }) => FIELDS.has(type)).length +
    body
      .filter((member) => METHODS.has(member.type) && isConstructor(member))
      .flatMap(({ value }) => value.params)
      .filter(({ type }) => type === 'TSParameterProperty').length
  const methods = body
    .filter((member) => METHODS.has(member.type) && !isConstructor(member))
    .map((member) => `${member.static ? 'static ' : ''}${nameOf(member, sourceCode)}`)
  return { fields, members: fields + new Set(methods).size }
}

/** Nodes with comments above them that apply to everything inside. */
const COMMENTED =
  /Statement$|Declaration$|^(PropertyDefinition|MethodDefinition|AccessorProperty|Property|SwitchCase)$/

/**
 * Returns the comments that belong to a node: those on its first line, and those directly above the statements around it, up to the
 * class member or the function.
 */
function commentsOf(node, sourceCode) {
  const comments = sourceCode
    .getAllComments()
    .filter(({ loc }) => loc.start.line === node.loc.start.line && loc.start.column > node.loc.start.column)
  for (let around = node; around && !/^(Program|ClassBody)$/.test(around.type); around = around.parent)
    if (COMMENTED.test(around.type)) comments.push(...commentsAbove(around, sourceCode))
  return comments
}

/** Returns the comments that end on the line above a node, without an empty line between. */
function commentsAbove(node, sourceCode) {
  const comments = []
  let { line } = node.loc.start
  for (const comment of sourceCode.getCommentsBefore(node).reverse()) {
    if (comment.loc.end.line < line - 1) break
    // The end of the line before is a comment on that line.
    const before = sourceCode.getTokenBefore(comment)
    if (before?.loc.end.line === comment.loc.start.line) break
    comments.push(comment)
    line = comment.loc.start.line
  }
  return comments
}

const isPerf = ({ value }) => /\bperf: \S/.test(value)

/**
 * Requires a comment `perf: …` on each known trick, with its gain (a number of bytes or a time) and the benchmark.
 *
 * @type {Rule}
 */
const perfComment = {
  meta: {
    type: 'suggestion',
    schema: [],
    messages: {
      missing:
        '{{trick}} is not explained: no comment states the gain. Add "// perf: saves N B per idle connection", or "// perf: N % of receive", and the benchmark.',
    },
  },
  create(context) {
    const { sourceCode } = context
    const report = (node, trick) => context.report({ node, messageId: 'missing', data: { trick } })
    const check = (node, trick) => {
      if (!commentsOf(node, sourceCode).some(isPerf)) report(node, trick)
    }
    return {
      'CallExpression[callee.object.name="Math"][callee.property.name="trunc"]'(node) {
        check(node, 'Math.trunc(): an integer instead of a boxed double')
      },
      'AssignmentExpression[left.type="MemberExpression"][left.property.name="emit"]'(node) {
        check(node, 'Replacing emit()')
      },
      'MethodDefinition[override=true][key.name="emit"]'(node) {
        check(node, 'Overriding emit()')
      },
      ClassBody(body) {
        const owner = body.parent.parent.type.startsWith('Export') ? body.parent.parent : body.parent
        if (commentsAbove(owner, sourceCode).some(isPerf)) return
        const silent = lazyFieldsOf(body, sourceCode).filter(({ node, field }) =>
          [node, field].every((place) => !place || !commentsOf(place, sourceCode).some(isPerf)),
        )
        const [first] = silent
        if (!first) return
        const names = [...new Set(silent.map(({ name }) => `#${name}`))].join(', ')
        report(first.node, `Making ${names} on first use`)
      },
    }
  },
}

/**
 * Lists the assignments that make an object for a private field on first use, each with the declaration of the field. A field that
 * keeps the first result, such as a promise or an error, is not a trick.
 */
function lazyFieldsOf(body, sourceCode) {
  const found = []
  const visit = (node) => {
    if (node.type === 'AssignmentExpression' && node.operator === '??=' && isPrivateOfThis(node.left)) {
      const { name } = node.left.property
      const isDeclaration = ({ type, key }) =>
        FIELDS.has(type) && key.type === 'PrivateIdentifier' && key.name === name
      if (makesObject(node.right)) found.push({ node, name, field: body.body.find(isDeclaration) })
    }
    if (node !== body && node.type === 'ClassBody') return
    for (const key of sourceCode.visitorKeys[node.type] ?? [])
      for (const child of [node[key]].flat()) if (child) visit(child)
  }
  visit(body)
  return found
}

const isPrivateOfThis = (node) =>
  node.type === 'MemberExpression' &&
  node.object.type === 'ThisExpression' &&
  node.property.type === 'PrivateIdentifier'

function makesObject(node) {
  if (node.type === 'NewExpression') return !/Error$/.test(node.callee.name ?? '')
  if (node.type === 'ArrayExpression') return true
  return node.type === 'CallExpression' && node.arguments.some(makesObject)
}

const CONTAINERS = /^((Weak)?(Map|Set)|Array|ArrayBuffer|DataView|\w+Array)$/
const MUTATORS = /^(set|add|delete|clear|push|pop|shift|unshift|splice|sort|reverse|fill|copyWithin)$/

/**
 * Requires a comment with the reason directly above module-level mutable state, because all connections of the process share it. One
 * comment is enough for declarations that follow each other without an empty line.
 *
 * @type {Rule}
 */
const moduleState = {
  meta: {
    type: 'suggestion',
    schema: [],
    messages: {
      missing:
        '{{name}} is mutable at module level: the whole process shares it. Pass it in, or add the reason directly above: "// shared: …" or "// perf: …".',
    },
  },
  create(context) {
    const { sourceCode } = context
    return {
      'Program > VariableDeclaration, Program > ExportNamedDeclaration > VariableDeclaration'(declaration) {
        for (const variable of sourceCode.getDeclaredVariables(declaration)) {
          const [definition] = variable.defs
          if (declaration.declare || !definition) continue
          if (declaration.kind === 'const' && !isMutated(variable, definition.node.init)) continue
          if (!hasReason(declaration)) {
            const data = { name: variable.name }
            context.report({ node: definition.name, messageId: 'missing', data })
          }
        }
      },
    }

    function hasReason(declaration) {
      let statement = declaration.parent.type === 'Program' ? declaration : declaration.parent
      for (;;) {
        if (commentsAbove(statement, sourceCode).some(isReason)) return true
        const { body } = sourceCode.ast
        const before = body[body.indexOf(statement) - 1]
        const isGroup =
          before?.type === 'VariableDeclaration' && before.loc.end.line === statement.loc.start.line - 1
        if (!isGroup) return commentsOf(declaration, sourceCode).some(isReason)
        statement = before
      }
    }
  },
}

/** A comment that gives a reason has a few words. */
const isReason = ({ value }) => value.trim().split(/\s+/).length >= 3

/** Whether a container is changed in its module. */
function isMutated({ references }, init) {
  const isContainer =
    init &&
    (init.type === 'ArrayExpression' ||
      init.type === 'ObjectExpression' ||
      (init.type === 'NewExpression' && CONTAINERS.test(init.callee.name ?? '')))
  return Boolean(isContainer) && references.some(({ identifier }) => changes(identifier))
}

/** Whether an identifier stands in `name.push(…)`, `name[0] = …`, `name.count += …`, `delete name.key` and the like. */
function changes(identifier) {
  const { parent } = identifier
  if (parent.type !== 'MemberExpression' || parent.object !== identifier) return false
  const around = parent.parent
  if (around.type === 'CallExpression' && around.callee === parent)
    return !parent.computed && MUTATORS.test(parent.property.name)
  if (around.type === 'AssignmentExpression') return around.left === parent
  return (
    around.type === 'UpdateExpression' || (around.type === 'UnaryExpression' && around.operator === 'delete')
  )
}

/** Types that cannot stand before a `|` without parentheses. */
const LOOSE = new Set(['TSFunctionType', 'TSConstructorType', 'TSConditionalType'])

/** Parts of an exported declaration that are not visible, or that only test a type. */
const INNER = new Set(['BlockStatement', 'TSConditionalType'])

/**
 * Finds optional properties of exported types that do not accept an explicit `undefined`. Under `exactOptionalPropertyTypes`, users
 * could not pass on an optional value of their program.
 *
 * @type {Rule}
 */
const explicitUndefined = {
  meta: {
    type: 'problem',
    fixable: 'code',
    schema: [],
    messages: { missing: '{{name}} is optional but does not accept undefined. Add "| undefined".' },
  },
  create(context) {
    const { sourceCode } = context
    return {
      'ExportNamedDeclaration TSPropertySignature[optional=true]'(node) {
        const type = node.typeAnnotation?.typeAnnotation
        if (!type || node.computed || takesUndefined(type)) return
        if (sourceCode.getAncestors(node).some((around) => INNER.has(around.type))) return
        const text = sourceCode.getText(type)
        const fix = (fixer) =>
          fixer.replaceText(type, `${LOOSE.has(type.type) ? `(${text})` : text} | undefined`)
        context.report({ node, messageId: 'missing', data: { name: nameOf(node, sourceCode) }, fix })
      },
    }
  },
}

function takesUndefined(type) {
  if (type.type === 'TSUnionType') return type.types.some(takesUndefined)
  return /^TS(Undefined|Unknown|Any)Keyword$/.test(type.type)
}

export default {
  meta: { name: 'holdfast-house' },
  rules: {
    'class-width': classWidth,
    'explicit-undefined': explicitUndefined,
    'perf-comment': perfComment,
    'module-state': moduleState,
    prose,
    'prose-markdown': proseMarkdown,
  },
}
