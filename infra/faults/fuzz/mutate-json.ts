import type { Random } from '../../testing/random.ts'

/** JSON with possibly duplicate names and invalid values. */
type JsonNode = { raw: string } | { items: JsonNode[] } | { entries: [string, JsonNode][] }

const NAMES = [
  '__proto__',
  'constructor',
  'prompt',
  'status',
  'parameters',
  'settings',
  '',
  '\0',
  '\ud800',
  'n'.repeat(10_000),
]
const VALUES = [
  'null',
  'true',
  '0',
  '-0',
  '-1',
  '1.5',
  '11',
  '1e999',
  '-1e999',
  '1e-400',
  '9007199254740993',
  '0x10',
  'NaN',
  'undefined',
  '""',
  '" "',
  '"\\u0000"',
  '"\\ud800"',
  '"\\u202e\\u200d"',
  '"\\q"',
  '"1"',
  '"demo"',
  '"16:9"',
  '"data:image/png;base64,AAAA"',
  '"data:,"',
  '"00000000-0000-0000-0000-000000000000"',
  `"${'ä'.repeat(20_000)}"`,
  `"${'\\u0041'.repeat(33_000)}"`,
  '[]',
  '{}',
  '{"__proto__":{"a":1}}',
  `[${'0,'.repeat(20_000)}0]`,
  '['.repeat(5_000),
  '{"a":'.repeat(100_000),
]

type Mutate = (nodes: JsonNode[], random: Random) => void

const MUTATIONS: Record<string, Mutate> = {
  'another value': (nodes, random) => replaceNode(random.pick(nodes), { raw: random.pick(VALUES) }),
  'a value in place of another': (nodes, random) => replaceNode(random.pick(nodes), cloneNode(random.pick(nodes))),
  'a value in a list': (nodes, random) => wrapNode(random.pick(nodes), node => ({ items: [node] })),
  'a value in an object': (nodes, random) =>
    wrapNode(random.pick(nodes), node => ({ entries: [[random.pick(NAMES), node]] })),
  'another name': (nodes, random) =>
    changeEntries(nodes, random, (entries, at) => entries[at]?.splice(0, 1, random.pick(NAMES))),
  'a name more': (nodes, random) =>
    changeEntries(nodes, random, entries => entries.push([random.pick(NAMES), { raw: random.pick(VALUES) }])),
  'a name twice': (nodes, random) =>
    changeEntries(nodes, random, (entries, at) => entries.push([entries[at]?.[0] ?? '', { raw: random.pick(VALUES) }])),
  'a name less': (nodes, random) => changeEntries(nodes, random, (entries, at) => entries.splice(at, 1)),
}

/** Mutates JSON in one to four ways. @returns its text, and the names of the mutations */
export function mutateJson(value: unknown, random: Random): { text: string; mutations: string[] } {
  const root = toNode(value)
  const mutations = Array.from({ length: 1 + random.nextInt(4) }, () => random.pick(Object.keys(MUTATIONS)))
  for (const name of mutations) MUTATIONS[name]?.(listNodes(root), random)
  return { text: serialize(root), mutations }
}

function toNode(value: unknown): JsonNode {
  if (Array.isArray(value)) return { items: value.map(toNode) }
  if (typeof value !== 'object' || value === null) return { raw: JSON.stringify(value) }
  return { entries: Object.entries(value).map(([name, inner]) => [name, toNode(inner)]) }
}

function listNodes(node: JsonNode): JsonNode[] {
  return [node, ...listChildren(node).flatMap(listNodes)]
}

function listChildren(node: JsonNode): JsonNode[] {
  if ('items' in node) return node.items
  return 'entries' in node ? node.entries.map(([, inner]) => inner) : []
}

function serialize(node: JsonNode): string {
  if ('raw' in node) return node.raw
  if ('items' in node) return `[${node.items.map(serialize).join()}]`
  return `{${node.entries.map(([name, inner]) => `${JSON.stringify(name)}:${serialize(inner)}`).join()}}`
}

function replaceNode(node: JsonNode, other: JsonNode): void {
  for (const key of Object.keys(node)) Reflect.deleteProperty(node, key)
  Object.assign(node, other)
}

function wrapNode(node: JsonNode, around: (node: JsonNode) => JsonNode): void {
  replaceNode(node, around(cloneNode(node)))
}

function cloneNode(node: JsonNode): JsonNode {
  return structuredClone(node)
}

function changeEntries(
  nodes: JsonNode[],
  random: Random,
  change: (entries: [string, JsonNode][], at: number) => unknown,
): void {
  const objects = nodes.flatMap(node => ('entries' in node ? [node.entries] : []))
  if (objects.length === 0) return
  const entries = random.pick(objects)
  change(entries, random.nextInt(entries.length))
}
