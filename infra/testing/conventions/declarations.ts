import { type Node, parseSync, visitorKeys } from 'oxc-parser'
import type { SourceFile } from './source-files.ts'

/** What a file declares, for the tests of names, docstrings and sizes. */
export interface Declarations {
  /** Every name that the file gives: functions, types, members of types, variables, parameters. */
  names: Name[]
  functions: FunctionSize[]
  comments: Comment[]
}

export interface Name {
  name: string
  line: number
}

export interface FunctionSize extends Name {
  lines: number
  /** The docstring above it, without its asterisks; empty if it has none. */
  docstring: string
}

export interface Comment {
  text: string
  isDocstring: boolean
  line: number
}

type AnyNode = Node & { start: number; end: number }

/** Parses a file and collects what it declares. */
export function declarationsOf({ path, source }: SourceFile): Declarations {
  const { program, comments } = parseSync(path, source)
  const lineOf = createLineIndex(source)
  const found: Declarations = {
    names: [],
    functions: [],
    comments: comments.map(({ type, value, start }) => {
      const isDocstring = type === 'Block' && value.startsWith('*')
      return { text: plain(value), isDocstring, line: lineOf(start) }
    }),
  }
  const docstrings = comments.filter(({ type, value }) => type === 'Block' && value.startsWith('*'))
  const docstringBefore = (start: number) => {
    const last = docstrings.findLast(({ end }) => end <= start)
    return last &&
      source
        .slice(last.end, start)
        .trim()
        .replace(/^export( default)?$/, '') === ''
      ? plain(last.value)
      : ''
  }
  visit(program as AnyNode, undefined, (node, parent) => {
    for (const { name, start } of namesIn(node, parent)) found.names.push({ name, line: lineOf(start) })
    if (!isFunction(node)) return
    found.functions.push({
      name: nameOfFunction(node, parent),
      line: lineOf(node.start),
      lines: lineOf(node.end) - lineOf(node.start) + 1,
      docstring: node.type === 'FunctionDeclaration' ? docstringBefore(node.start) : '',
    })
  })
  return found
}

/** Returns the words of a name: `tryAgainMs` → try, again, ms. */
export function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .split(/[^A-Za-z]+/)
    .filter(word => word !== '')
    .map(word => word.toLowerCase())
}

function visit(node: AnyNode, parent: AnyNode | undefined, enter: (node: AnyNode, parent?: AnyNode) => void): void {
  enter(node, parent)
  for (const key of visitorKeys[node.type] ?? []) {
    const child = (node as unknown as Record<string, unknown>)[key]
    for (const item of Array.isArray(child) ? child : [child]) {
      if (item && typeof item === 'object') visit(item as AnyNode, node, enter)
    }
  }
}

interface Identifier {
  name: string
  start: number
}

function namesIn(node: AnyNode, parent: AnyNode | undefined): Identifier[] {
  switch (node.type) {
    case 'FunctionDeclaration':
    case 'ClassDeclaration':
    case 'TSInterfaceDeclaration':
    case 'TSTypeAliasDeclaration':
    case 'TSPropertySignature':
    case 'TSMethodSignature':
    case 'PropertyDefinition':
    case 'MethodDefinition':
      return identifiersOf('id' in node ? node.id : node.key)
    case 'VariableDeclarator':
      return patternNames(node.id)
    case 'ArrowFunctionExpression':
    case 'FunctionExpression':
      return node.params.flatMap(patternNames)
    default:
      return parent?.type === 'FunctionDeclaration' && parent.params.includes(node as never) ? patternNames(node) : []
  }
}

function identifiersOf(node: unknown): Identifier[] {
  const { type, name, start } = (node ?? {}) as { type?: string; name?: string; start?: number }
  return type === 'Identifier' && name !== undefined ? [{ name, start: start ?? 0 }] : []
}

/** Returns the names that a pattern gives; of `{ a: b }` that is b, and `{ a }` gives none that was not given elsewhere. */
function patternNames(pattern: unknown): Identifier[] {
  const node = (pattern ?? {}) as { type?: string; left?: unknown; argument?: unknown; parameter?: unknown } & {
    properties?: { type: string; shorthand?: boolean; value?: unknown; argument?: unknown }[]
    elements?: unknown[]
  }
  if (node.type === 'AssignmentPattern') return patternNames(node.left)
  if (node.type === 'RestElement') return patternNames(node.argument)
  if (node.type === 'TSParameterProperty') return patternNames(node.parameter)
  if (node.type === 'ArrayPattern') return (node.elements ?? []).flatMap(patternNames)
  if (node.type !== 'ObjectPattern') return identifiersOf(node)
  const renamed = (node.properties ?? []).filter(({ shorthand }) => !shorthand)
  return renamed.flatMap(({ type, value, argument }) => patternNames(type === 'RestElement' ? argument : value))
}

function isFunction(node: AnyNode): boolean {
  return ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'].includes(node.type)
}

function nameOfFunction(node: AnyNode, parent: AnyNode | undefined): string {
  const holder = node.type === 'FunctionDeclaration' ? node : parent
  const { id, key } = (holder ?? {}) as { id?: { name?: string }; key?: { name?: string } }
  return id?.name ?? key?.name ?? 'a function without a name'
}

function createLineIndex(source: string): (offset: number) => number {
  const starts = [0, ...[...source.matchAll(/\n/g)].map(({ index }) => index + 1)]
  return offset => {
    let [low, high] = [0, starts.length]
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle
    }
    return low + 1
  }
}

function plain(comment: string): string {
  return comment
    .split('\n')
    .map(line => line.replace(/^\s*\*+ ?/, '').trim())
    .join(' ')
    .trim()
}
