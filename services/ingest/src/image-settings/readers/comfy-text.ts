import { type Graph, type GraphNode, getLinkedId } from './comfy-graph.ts'

/** Which of the two texts of a sampler is looked for. */
export type TextRole = 'positive' | 'negative'

/** Most links that are followed on the way from a sampler to its text, and most characters of the text. */
const [MAX_FOLLOWED_LINKS, MAX_CHARACTERS] = [50_000, 200_000]
const CONDITIONING_SEPARATOR = ', '
/** Inputs of which one is the text of a node, the likeliest first. */
const TEXT_NAMES = ['text', 'prompt', 'string', 'value', 'populated_text', 'wildcard_text', 'user_prompt', 't5xxl']
/** Inputs that are several texts of one node: `text_g` and `text_l`, `string_a` and `string_b`, `text1`, `clip_l`. */
const SEVERAL_NAMES = /^(?:(?:text|string|str|prompt|input)_?[a-z0-9]|clip_[lg]|conditioning_?(?:\d|to|from)?)$/i
const DELIMITER_NAMES = ['delimiter', 'separator', 'concat_delimiter']
/** Inputs that never lead to a text. */
const OTHER_NAMES = [
  'clip',
  'clip_vision',
  'model',
  'vae',
  'image',
  'images',
  'latent',
  'latent_image',
  'samples',
  'mask',
  'control_net',
]
/** A conditioning that says nothing. */
const EMPTY_TYPES = ['ConditioningZeroOut']

/** A value that is still to be read, and what precedes its text. */
interface Task {
  value: unknown
  separator: string
  /** The value is of no use once more texts are found than these: it is one of several ways to the same. */
  unlessFoundAbove: number
}

/** The parts of a node's text. */
interface NodeTexts {
  values: unknown[]
  separator: string
  /** One of the values is enough. */
  isChoice: boolean
}

/**
 * Follows a link to its text, depth first, and joins the texts that nodes on the way join. Each node is visited once, whatever leads to
 * it, and nothing is recursive: a graph of n links takes n steps and no stack.
 *
 * @returns undefined if there is none
 */
export function findText(graph: Graph, link: unknown, role: TextRole): string | undefined {
  const visited = new Set<string>()
  const tasks: Task[] = [{ value: link, separator: '', unlessFoundAbove: Number.POSITIVE_INFINITY }]
  let [text, found] = ['', 0]
  for (let followed = 0; tasks.length > 0 && followed < MAX_FOLLOWED_LINKS; followed += 1) {
    const task = tasks.pop()
    if (!task || found > task.unlessFoundAbove) continue
    if (typeof task.value === 'string') {
      found += 1
      if (text.length < MAX_CHARACTERS) text += text && task.value ? task.separator + task.value : task.value
      continue
    }
    const id = getLinkedId(task.value)
    const node = id === undefined || visited.has(id) ? undefined : graph.get(id)
    if (id === undefined || !node) continue
    visited.add(id)
    tasks.push(...createTasks(readTexts(node, role), task, found).toReversed())
  }
  return found > 0 ? text : undefined
}

function createTasks({ values, separator, isChoice }: NodeTexts, parent: Task, found: number): Task[] {
  return values.map((value, index) => ({
    value,
    separator: index === 0 || isChoice ? parent.separator : separator,
    unlessFoundAbove: isChoice ? Math.min(found, parent.unlessFoundAbove) : parent.unlessFoundAbove,
  }))
}

function readTexts({ type, inputs }: GraphNode, role: TextRole): NodeTexts {
  const one = (value: unknown): NodeTexts => ({ values: [value], separator: '', isChoice: false })
  if (EMPTY_TYPES.includes(type)) return one('')
  const roleName = [role, `text_${role}`, `${role}_prompt`].find(name => isText(inputs, name))
  if (roleName !== undefined) return one(inputs[roleName])
  const name = TEXT_NAMES.find(key => isText(inputs, key))
  if (name !== undefined && !(name === 't5xxl' && inputs[name] === '')) return one(inputs[name])
  const several = Object.keys(inputs).filter(key => SEVERAL_NAMES.test(key) && isText(inputs, key))
  if (several.length > 0) return { values: listDistinct(several.map(key => inputs[key])), ...readSeparator(inputs) }
  const others = Object.keys(inputs).filter(key => Array.isArray(inputs[key]) && !OTHER_NAMES.includes(key))
  return { values: others.map(key => inputs[key]), separator: '', isChoice: true }
}

function isText(inputs: GraphNode['inputs'], name: string): boolean {
  return Object.hasOwn(inputs, name) && (typeof inputs[name] === 'string' || getLinkedId(inputs[name]) !== undefined)
}

/** Returns texts and links once each: SDXL has two fields for what is mostly the same text. */
function listDistinct(values: readonly unknown[]): unknown[] {
  return [...new Map(values.map(value => [typeof value === 'string' ? value : JSON.stringify(value), value])).values()]
}

function readSeparator(inputs: GraphNode['inputs']): Pick<NodeTexts, 'separator' | 'isChoice'> {
  const name = DELIMITER_NAMES.find(key => typeof inputs[key] === 'string')
  const written = name === undefined ? CONDITIONING_SEPARATOR : String(inputs[name])
  return { separator: written.replaceAll('\\n', '\n'), isChoice: false }
}
