import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { TEXT_TO_IMAGE } from '../../testing/fake-comfyui/text-to-image.ts'
import { findSlots } from './find-slots.ts'
import { parseWorkflow, type WorkflowGraph } from './workflow-graph.ts'
import type { WorkflowSlots } from './workflow-slots.ts'

test('finds the slots of a workflow without names by how its nodes are linked', () => {
  const slots = find(TEXT_TO_IMAGE)
  expect(slots).toMatchObject({
    prompt: [{ node: '6', input: 'text' }],
    negative: [{ node: '7', input: 'text' }],
    seed: [{ node: '3', input: 'seed' }],
    width: [{ node: '5', input: 'width' }],
    height: [{ node: '5', input: 'height' }],
    outputs: [{ node: '5', input: 'batch_size' }],
    references: [],
    mask: [],
  })
  expect(slots.settings.map(({ key }) => key)).toEqual(['steps', 'cfg', 'sampler_name', 'scheduler', 'denoise'])
})

test('follows links through other nodes to the text, and takes one text for both as the prompt', () => {
  const sampler = {
    ...TEXT_TO_IMAGE['3'],
    inputs: { ...TEXT_TO_IMAGE['3'].inputs, positive: ['20', 0], negative: ['6', 0] },
  }
  const slots = find({
    ...TEXT_TO_IMAGE,
    '3': sampler,
    '20': { class_type: 'FluxGuidance', inputs: { guidance: 3.5, conditioning: ['21', 0] } },
    '21': { class_type: 'ControlNetApply', inputs: { conditioning: ['6', 0], image: ['22', 0], loop: ['20', 0] } },
  })
  expect([slots.prompt, slots.negative]).toEqual([[{ node: '6', input: 'text' }], []])
})

test('takes the names in titles alone, where there is one', () => {
  const slots = find({
    '1': node('Text @prompt', { value: 'x' }),
    '2': node('Size @size @outputs', { width: 1, height: 2, batch_size: 1 }),
    '3': node('Sampler @noise_seed @steps', { noise_seed: 1, steps: 4, cfg: 2 }),
    '4': node('second @reference2', { image: 'a.png' }),
    '5': node('first @reference', { image: 'b.png' }),
    '6': node('Later @steps', { steps: 9 }),
    '7': node('Mask @mask', { image: 'm.png' }),
    '8': node('me@example.org', { text: 'no slot' }),
  })
  expect(slots).toMatchObject({
    prompt: [{ node: '1', input: 'value' }],
    outputs: [{ node: '2', input: 'batch_size' }],
    references: [{ node: '5' }, { node: '4' }],
    mask: [{ node: '7' }],
    seed: [],
    negative: [],
  })
  expect(slots.settings.map(({ key, node }) => [key, node])).toEqual([
    ['noise_seed', '3'],
    ['steps', '3'],
    ['steps_2', '6'],
  ])
})

test.each([
  [{ '1': node('A @promt', { text: 'x' }) }, 'The title “A @promt” names @promt, and the node has no such value.'],
  [
    { '1': node('A @prompt', { text: ['2', 0] }) },
    'The title “A @prompt” names @prompt, and the node has no such value.',
  ],
  [
    { '1': node('A @size', { width: 5 }) },
    'The title “A @size” names @size, and the node has no width and height of its own.',
  ],
])('says which name fits nothing: %j', (graph, problem) => {
  expect(findSlots(read(graph))).toBe(problem)
})

test.each([
  [null, /^This is no workflow in the format of ComfyUI’s API: /],
  [{}, /has no node/],
  [{ '3': { class_type: 'A' } }, /3\.inputs/],
  [{ nodes: [], links: [], version: 0.4 }, /^This is the format of ComfyUI’s editor\./],
])('says what is wrong with a file: %j', (content, problem) => {
  expect(parseWorkflow(content)).toMatch(problem)
})

test('reads any JSON without an error, and its slots are inputs of its nodes', () => {
  const graph = fc.dictionary(
    fc.string({ minLength: 1, maxLength: 3 }),
    fc.record({
      class_type: fc.constantFrom('KSampler', 'EmptyLatentImage', 'LoadImage'),
      inputs: fc.dictionary(
        fc.constantFrom('text', 'positive', 'latent_image', 'seed', 'image', 'width', 'height'),
        fc.oneof(fc.string(), fc.integer(), fc.tuple(fc.string(), fc.nat(3)), fc.jsonValue()),
      ),
      _meta: fc.record({ title: fc.constantFrom('@prompt', 'x', '@seed @size', '@text') }, { requiredKeys: [] }),
    }),
  )
  fc.assert(
    fc.property(fc.oneof(graph, fc.jsonValue()), content => {
      const read = parseWorkflow(content)
      const slots = typeof read === 'string' ? read : findSlots(read)
      if (typeof read === 'string' || typeof slots === 'string') return
      for (const { node, input } of Object.values(slots).flat()) expect(read[node]?.inputs).toHaveProperty(input)
    }),
  )
})

test('a link to a name that every object has leads nowhere', () => {
  for (const name of ['__proto__', 'constructor', 'toString']) {
    const inputs = { ...TEXT_TO_IMAGE['3'].inputs, positive: [name, 0] }
    expect(find({ ...TEXT_TO_IMAGE, '3': { ...TEXT_TO_IMAGE['3'], inputs } }).prompt).toEqual([])
  }
})

test('a graph that would take long to be searched is refused', () => {
  const links = { positive: ['1', 0], negative: ['2', 0], latent_image: ['3', 0] }
  const samplers = Array.from({ length: 33 }, (_, id) => [id, { class_type: 'KSampler', inputs: links }])
  expect(findSlots(read(Object.fromEntries(samplers)))).toStartWith('It has more than 32 samplers')
  const named = read({
    '1': node(`@text ${'@n '.repeat(160)}`, { text: '', n: 1 }),
    '2': node('@n '.repeat(160), { n: 1 }),
  })
  expect(findSlots(named)).toBe('Its titles have 321 names with @; 200 are the most.')
})

function node(title: string, inputs: Record<string, unknown>) {
  return { class_type: 'Some', inputs, _meta: { title } }
}

function read(content: unknown): WorkflowGraph {
  const graph = parseWorkflow(content)
  if (typeof graph === 'string') throw new Error(graph)
  return graph
}

function find(content: unknown): WorkflowSlots {
  const slots = findSlots(read(content))
  if (typeof slots === 'string') throw new Error(slots)
  return slots
}
