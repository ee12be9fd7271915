import type { Random } from '../../../testing/random.ts'

/** A text of metadata, by the keyword that programs for image generation give it. */
export interface MetadataText {
  keyword: string
  text: string
}

const FACTORIES: ((random: Random) => MetadataText)[] = [
  random => ({ keyword: 'parameters', text: createA1111(random) }),
  random => ({ keyword: 'parameters', text: createAlmostA1111(random) }),
  random => ({ keyword: 'prompt', text: JSON.stringify(createGraph(random)) }),
  random => ({ keyword: 'prompt', text: JSON.stringify(createChain(random)) }),
  random => ({ keyword: random.pick(['prompt', 'invokeai_metadata', 'sd-metadata']), text: createNesting(random) }),
  random => ({ keyword: 'invokeai_metadata', text: JSON.stringify(createInvokeAi(random)) }),
  random => ({ keyword: 'XML:com.adobe.xmp', text: createXmp(random) }),
  random => ({ keyword: random.pick(['parameters', 'prompt', '__proto__', 'x']), text: createNoise(random) }),
]

const LENGTHS = [0, 1, 50, 2_000, 50_000]

/** Creates a text of metadata that is valid, or nearly, or only long. */
export function createMetadataText(random: Random): MetadataText {
  return random.pick(FACTORIES)(random)
}

function createA1111(random: Random): string {
  const negative = random.oneIn(2) ? `Negative prompt: ${'bad, '.repeat(random.nextInt(50))}\n` : ''
  const pairs = Array.from({ length: random.nextInt(40) }, (_, index) => `Key ${index}: ${createValue(random)}`)
  return `a fox\n${negative}Steps: 20, Seed: ${random.nextInt(2 ** 32)}, ${pairs.join(', ')}`
}

/** Creates settings that nearly fit the pattern, again and again: a pattern that goes back to try anew takes long. */
function createAlmostA1111(random: Random): string {
  const part = random.pick(['Key ', 'Key: ', '"', 'Key: "', 'a:', ', ', '\\', '\nNegative prompt:', '\nSteps: 2', ' '])
  return `a fox\nSteps: 20, ${part.repeat(random.pick(LENGTHS))}`
}

function createValue(random: Random): string {
  return random.pick(['1', '"a, b"', '"', '', '512x512', 'NaN', '1e999', '"\\"'.repeat(20), 'ä'.repeat(30)])
}

/** Creates a graph in which each node is linked with many others, so that its walks are many more than its nodes. */
function createGraph(random: Random): Record<string, unknown> {
  const nodes = random.pick([1, 5, 12, 40])
  const link = () => [String(random.nextInt(nodes)), 0]
  const createNode = () => ({
    class_type: random.pick(['CLIPTextEncode', 'KSampler', 'ConditioningConcat', '', 7]),
    inputs: Object.fromEntries(
      Array.from({ length: random.nextInt(nodes + 1) }, (_, index) => [`input${index}`, link()]),
    ),
  })
  const entries = Array.from({ length: nodes }, (_, index) => [String(index), createNode()])
  const sampler = { class_type: 'KSampler', inputs: { positive: link(), negative: link(), seed: random.nextInt(9) } }
  return { ...Object.fromEntries(entries), s: sampler }
}

/** Creates a chain of nodes: a walk that calls itself runs out of stack. */
function createChain(random: Random): Record<string, unknown> {
  const length = random.pick([10, 1_000, 20_000])
  const entries = Array.from({ length }, (_, index) => [String(index), { inputs: { next: [String(index + 1), 0] } }])
  return { ...Object.fromEntries(entries), s: { class_type: 'KSampler', inputs: { positive: ['0', 0] } } }
}

function createNesting(random: Random): string {
  return random.pick(['[', '{"a":', '[[{"b":[']).repeat(random.pick(LENGTHS))
}

function createInvokeAi(random: Random): Record<string, unknown> {
  const values = ['a fox', '', null, -1, 2 ** 53, [], {}, 'x'.repeat(random.pick(LENGTHS))]
  const names = ['positive_prompt', 'negative_prompt', 'seed', 'model', 'width', 'height', '__proto__']
  return Object.fromEntries(names.map(name => [name, random.pick<unknown>(values)]))
}

function createXmp(random: Random): string {
  const part = random.pick(['<rdf:li>', '<!-- ', '<![CDATA[', '&amp;', '<x a="', '<!ENTITY a "b">'])
  return `<x:xmpmeta xmlns:x="adobe:ns:meta/">${part.repeat(random.pick(LENGTHS))}</x:xmpmeta>`
}

function createNoise(random: Random): string {
  return random.pick(['\0', '\n', 'ÿ', '{', '"', 'a']).repeat(random.pick(LENGTHS))
}
