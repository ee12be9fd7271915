import type { Random } from '../../testing/random.ts'

/** JSON in which a name may come twice, and a value be what no value is. */
type Node = { raw: string } | { items: Node[] } | { entries: [string, Node][] }

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

type Mutate = (nodes: Node[], random: Random) => void

const MUTATIONS: Record<string, Mutate> = {
  'another value': (nodes, random) => become(random.pick(nodes), { raw: random.pick(VALUES) }),
  'a value in the place of another': (nodes, random) => become(random.pick(nodes), copy(random.pick(nodes))),
  'a value in a list': (nodes, random) => wrap(random.pick(nodes), node => ({ items: [node] })),
  'a value in an object': (nodes, random) =>
    wrap(random.pick(nodes), node => ({ entries: [[random.pick(NAMES), node]] })),
  'another name': (nodes, random) =>
    changeEntries(nodes, random, (entries, at) => entries[at]?.splice(0, 1, random.pick(NAMES))),
  'a name more': (nodes, random) =>
    changeEntries(nodes, random, entries => entries.push([random.pick(NAMES), { raw: random.pick(VALUES) }])),
  'a name twice': (nodes, random) =>
    changeEntries(nodes, random, (entries, at) => entries.push([entries[at]?.[0] ?? '', { raw: random.pick(VALUES) }])),
  'a name less': (nodes, random) => changeEntries(nodes, random, (entries, at) => entries.splice(at, 1)),
}

/** Damages what JSON says in one to four ways. @returns its text, and in words what was done */
export function mutateJson(value: unknown, random: Random): { text: string; done: string[] } {
  const root = nodeOf(value)
  const done = Array.from({ length: 1 + random.below(4) }, () => random.pick(Object.keys(MUTATIONS)))
  for (const name of done) MUTATIONS[name]?.(all(root), random)
  return { text: write(root), done }
}

function nodeOf(value: unknown): Node {
  if (Array.isArray(value)) return { items: value.map(nodeOf) }
  if (typeof value !== 'object' || value === null) return { raw: JSON.stringify(value) }
  return { entries: Object.entries(value).map(([name, inner]) => [name, nodeOf(inner)]) }
}

function all(node: Node): Node[] {
  return [node, ...innerOf(node).flatMap(all)]
}

function innerOf(node: Node): Node[] {
  if ('items' in node) return node.items
  return 'entries' in node ? node.entries.map(([, inner]) => inner) : []
}

function write(node: Node): string {
  if ('raw' in node) return node.raw
  if ('items' in node) return `[${node.items.map(write).join()}]`
  return `{${node.entries.map(([name, inner]) => `${JSON.stringify(name)}:${write(inner)}`).join()}}`
}

function become(node: Node, other: Node): void {
  for (const key of Object.keys(node)) Reflect.deleteProperty(node, key)
  Object.assign(node, other)
}

function wrap(node: Node, around: (node: Node) => Node): void {
  become(node, around(copy(node)))
}

function copy(node: Node): Node {
  return structuredClone(node)
}

function changeEntries(
  nodes: Node[],
  random: Random,
  change: (entries: [string, Node][], at: number) => unknown,
): void {
  const objects = nodes.flatMap(node => ('entries' in node ? [node.entries] : []))
  if (objects.length === 0) return
  const entries = random.pick(objects)
  change(entries, random.below(entries.length))
}
