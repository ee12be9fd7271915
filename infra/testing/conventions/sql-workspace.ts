import { OUTLIVING_TABLES, WORKSPACE_TABLES } from '../data/workspace-tables.ts'

const TABLES: readonly string[] = [...WORKSPACE_TABLES, ...Object.keys(OUTLIVING_TABLES)]
const KEYWORDS =
  'on|where|set|using|join|left|right|full|inner|cross|lateral|order|group|having|limit|offset|for|returning|values|select|and|or|with|union|as|natural|window|default|from'
const REFERENCE = new RegExp(
  String.raw`(?<![.\w])(${TABLES.join('|')})\b(?!\s*\.)(?!\s*=)(?:\s+(?:as\s+)?(?!(?:${KEYWORDS})\b)([a-z_]\w*))?`,
  'gi',
)
const EQUALITY = /(?<=\b(?:where|and|on)\s+)((?:\w+\.)?workspace_id)\s*=\s*(\$|(?:\w+\.)?workspace_id\b)/gi
const SUBQUERY = /^\s*(?:select|with|insert|update|delete)\b/i
const SETS = /\b(?:union(?:\s+all)?|intersect|except)\b/i

/**
 * Returns the tables of people that a statement reads or writes without naming the workspace: by a value, or by the same of another
 * table that is bound so. What is put into the statement (`$`) does not count, except as that value.
 */
export function findUnboundTables(sql: string): string[] {
  const text = sql.replace(/--.*$/gm, '').replace(/'(?:[^']|'')*'/g, "''")
  return checkScope(text, new Set())
}

/** Checks one level of a statement, with the names of the levels around it, and the levels within. */
function checkScope(text: string, outer: ReadonlySet<string>): string[] {
  const { own, inner } = splitLevels(text)
  return own.split(SETS).flatMap((part, at, parts) => {
    const names = new Set([...outer, ...listNames(part)])
    const within = at === parts.length - 1 ? inner.flatMap(level => checkScope(level, names)) : []
    return [...checkLevel(part, outer), ...within]
  })
}

interface Reference {
  table: string
  name: string
  /** Of an insert: its columns. */
  columns: string | undefined
}

function checkLevel(text: string, outer: ReadonlySet<string>): string[] {
  const references = listReferences(text)
  const inserted = references.filter(({ columns }) => columns !== undefined)
  const others = references.filter(({ columns }) => columns === undefined)
  const bound = findBound(text, others, outer)
  const unbound = [
    ...inserted.filter(({ columns = '' }) => !/\bworkspace_id\b/.test(columns)),
    ...others.filter(({ name }) => !bound.has(name)),
  ]
  return unbound.map(({ table }) => table)
}

function listReferences(text: string): Reference[] {
  return [...text.matchAll(REFERENCE)].flatMap(({ 0: whole, 1: table = '', 2: alias, index }): Reference[] => {
    const before = text.slice(0, index)
    if (/\bas\s+$/i.test(before)) return []
    if (!/\binto\s+$/i.test(before)) return [{ table, name: alias ?? table, columns: undefined }]
    const [, columns = ''] = /^\s*\(([^)]*)\)/.exec(text.slice(index + whole.length)) ?? []
    return [{ table, name: alias ?? table, columns }]
  })
}

/** Returns the names that are bound to a value, directly or by one another. */
function findBound(text: string, references: readonly Reference[], outer: ReadonlySet<string>): Set<string> {
  const people = new Set(references.map(({ name }) => name))
  const only = people.size === 1 ? [...people][0] : undefined
  const nameOf = (side: string) => (side.includes('.') ? side.split('.')[0] : only) ?? ''
  const links = [...readConjunction(text).matchAll(EQUALITY)].map(([, left = '', right = '']) => [left, right] as const)
  const isValue = (side: string) => side === '$' || (!people.has(nameOf(side)) && isKnown(side))
  const isKnown = (side: string) => side.includes('.') || outer.has(nameOf(side))
  const bound = new Set<string>()
  for (let before = -1; before < bound.size; ) {
    before = bound.size
    for (const [left, right] of [...links, ...links.map(([one, other]) => [other, one] as const)]) {
      if (left !== '$' && people.has(nameOf(left)) && (isValue(right) || bound.has(nameOf(right))))
        bound.add(nameOf(left))
    }
  }
  return bound
}

/** Returns a level without what is in parentheses; nothing if one of several conditions is enough. */
function readConjunction(text: string): string {
  let conjunction = text
  for (let before = ''; before !== conjunction; ) {
    before = conjunction
    conjunction = conjunction.replace(/\([^()]*\)/g, ' ')
  }
  return /\b(?:where|on)\b[\s\S]*\bor\b/i.test(conjunction) ? '' : conjunction
}

function listNames(text: string): string[] {
  return listReferences(text).map(({ name }) => name)
}

/** Splits a statement into its own text and the statements in parentheses within it. */
function splitLevels(text: string): { own: string; inner: string[] } {
  const inner: string[] = []
  let own = ''
  for (let at = 0; at < text.length; ) {
    const end = text[at] === '(' && SUBQUERY.test(text.slice(at + 1)) ? findEnd(text, at) : undefined
    if (end === undefined) own += text[at++] ?? ''
    else {
      inner.push(text.slice(at + 1, end))
      own += '()'
      at = end + 1
    }
  }
  return { own, inner }
}

function findEnd(text: string, start: number): number {
  let depth = 0
  for (let at = start; at < text.length; at++) {
    if (text[at] === '(') depth++
    if (text[at] === ')' && --depth === 0) return at
  }
  return text.length
}
