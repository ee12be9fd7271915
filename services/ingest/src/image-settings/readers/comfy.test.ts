import { expect, test } from 'bun:test'
import { readMetadata } from '../read-metadata.ts'

type Nodes = Record<string, [type: string, inputs: object]>

const LOADER = { 4: ['CheckpointLoaderSimple', { ckpt_name: 'a.safetensors' }] } satisfies Nodes
const SAMPLER = { seed: 1, positive: ['6', 0], negative: ['7', 0], model: ['4', 0], latent_image: ['5', 0] }
const NEGATIVE = { 7: ['CLIPTextEncode', { text: 'bad' }] } satisfies Nodes
const encode = (text: unknown, node: object = {}): Nodes => ({
  3: ['KSampler', SAMPLER],
  6: ['CLIPTextEncode', { text, clip: ['4', 1] }],
  ...NEGATIVE,
  ...LOADER,
  ...node,
})

const GRAPHS: [string, Nodes, object][] = [
  ['a character that cannot be stored', encode('nul\u0000inside'), { prompt: 'nulinside', model: 'a.safetensors' }],
  [
    'joined texts',
    encode(['9', 0], {
      9: ['StringConcatenate', { string_a: 'one', string_b: ['8', 0], delimiter: ' + ' }],
      8: ['PrimitiveString', { value: 'two' }],
    }),
    { prompt: 'one + two' },
  ],
  [
    'texts joined twice',
    encode(['9', 0], {
      9: ['CR Text Concatenate', { text1: ['8', 0], text2: 'c', separator: '\\n' }],
      8: ['Text Concatenate', { text_a: 'a', text_b: 'b', delimiter: '; ' }],
    }),
    { prompt: 'a; b\nc' },
  ],
  [
    'combined conditionings',
    {
      ...encode('x'),
      6: ['ConditioningCombine', { conditioning_1: ['8', 0], conditioning_2: ['9', 0] }],
      8: ['CLIPTextEncode', { text: 'one' }],
      9: ['CLIPTextEncode', { text: 'two' }],
    },
    { prompt: 'one, two' },
  ],
  [
    'concatenated conditionings',
    {
      ...encode('x'),
      6: ['ConditioningConcat', { conditioning_to: ['8', 0], conditioning_from: ['9', 0] }],
      8: ['CLIPTextEncode', { text: 'one' }],
      9: ['CLIPTextEncode', { text: 'two' }],
    },
    { prompt: 'one, two' },
  ],
  [
    'both encoders of SDXL',
    { ...encode('x'), 6: ['CLIPTextEncodeSDXL', { text_g: 'one', text_l: 'one', width: 8 }] },
    { prompt: 'one' },
  ],
  [
    'two texts of SDXL',
    { ...encode('x'), 6: ['CLIPTextEncodeSDXL', { text_g: 'one', text_l: 'two' }] },
    { prompt: 'one, two' },
  ],
  [
    'Flux',
    {
      ...encode('x'),
      6: ['FluxGuidance', { guidance: 3.5, conditioning: ['8', 0] }],
      8: ['CLIPTextEncodeFlux', { clip_l: '', t5xxl: 'long', guidance: 3 }],
      7: ['ConditioningZeroOut', { conditioning: ['8', 0] }],
    },
    { prompt: 'long', parameters: { seed: 1 } },
  ],
  [
    'a control net',
    {
      ...encode('x'),
      6: ['ControlNetApplyAdvanced', { image: ['2', 0], positive: ['8', 0], negative: ['7', 0] }],
      8: ['CLIPTextEncode', { text: 'one' }],
    },
    { prompt: 'one', parameters: { negativePrompt: 'bad' } },
  ],
  [
    'an efficient loader',
    {
      3: ['KSampler (Efficient)', { ...SAMPLER, positive: ['6', 1], negative: ['6', 2] }],
      6: ['Efficient Loader', { ckpt_name: 'a.safetensors', positive: 'one', negative: 'bad' }],
    },
    { prompt: 'one', parameters: { negativePrompt: 'bad' } },
  ],
  [
    'a shown text',
    encode(['9', 0], {
      9: ['ShowText|pysssss', { text: ['8', 0], text_0: 'old' }],
      8: ['DPRandomGenerator', { text: 'one', seed: 3 }],
    }),
    { prompt: 'one' },
  ],
  [
    'a linked seed',
    {
      ...encode('one'),
      3: ['KSampler', { ...SAMPLER, seed: ['8', 3], steps: ['9', 0] }],
      8: ['Seed (rgthree)', { seed: 77 }],
      9: ['PrimitiveInt', { value: 25 }],
    },
    { parameters: { seed: 77, settings: { steps: 25 } } },
  ],
  [
    'KSamplerAdvanced',
    { ...encode('one'), 3: ['KSamplerAdvanced', { ...SAMPLER, seed: undefined, noise_seed: 5, steps: 20 }] },
    { parameters: { seed: 5, settings: { steps: 20 } } },
  ],
  [
    'the first of two samplers',
    {
      2: ['KSampler', { ...SAMPLER, seed: 9, latent_image: ['10', 0] }],
      10: ['LatentUpscale', { samples: ['3', 0], width: 512, height: 512 }],
      ...encode('one'),
      5: ['EmptyLatentImage', { width: 64, height: 32 }],
    },
    { width: 64, height: 32, parameters: { seed: 1 } },
  ],
  [
    'SamplerCustomAdvanced',
    {
      ...encode('one'),
      3: [
        'SamplerCustomAdvanced',
        { noise: ['20', 0], guider: ['21', 0], sampler: ['22', 0], sigmas: ['23', 0], latent_image: ['5', 0] },
      ],
      20: ['RandomNoise', { noise_seed: 5 }],
      21: ['CFGGuider', { cfg: 2, model: ['24', 0], positive: ['6', 0], negative: ['7', 0] }],
      22: ['KSamplerSelect', { sampler_name: 'euler' }],
      23: ['BasicScheduler', { scheduler: 'simple', steps: 8, denoise: 1, model: ['24', 0] }],
      24: ['LoraLoader', { lora_name: 'l', model: ['25', 0] }],
      25: ['UNETLoader', { unet_name: 'flux.safetensors' }],
      4: ['VAELoader', {}],
    },
    {
      prompt: 'one',
      model: 'flux.safetensors',
      parameters: {
        seed: 5,
        negativePrompt: 'bad',
        settings: { cfg: 2, samplerName: 'euler', scheduler: 'simple', steps: 8, denoise: 1 },
      },
    },
  ],
  [
    'a basic guider',
    {
      3: ['SamplerCustomAdvanced', { noise: ['20', 0], guider: ['21', 0] }],
      20: ['RandomNoise', { noise_seed: 5 }],
      21: ['BasicGuider', { conditioning: ['6', 0] }],
      6: ['CLIPTextEncode', { text: 'one' }],
    },
    { prompt: 'one', parameters: { seed: 5 } },
  ],
  [
    'a sampler of somebody else',
    { ...encode('one'), 3: ['Some Sampling Node', { ...SAMPLER, steps: 3 }] },
    { prompt: 'one', parameters: { seed: 1, settings: { steps: 3 } } },
  ],
  [
    'a provider',
    {
      1: ['FluxProUltraImageNode', { prompt: ['6', 0], seed: 4, width: 64, height: 32 }],
      6: ['PrimitiveStringMultiline', { value: 'one' }],
    },
    { prompt: 'one', width: 64, parameters: { seed: 4 } },
  ],
  [
    'a model in an object',
    { ...encode('one'), 4: ['CheckpointLoader|pysssss', { ckpt_name: { content: 'b.ckpt', image: null } }] },
    { model: 'b.ckpt' },
  ],
  [
    'a circle',
    { ...encode(['9', 0]), 9: ['StringConcatenate', { string_a: ['9', 0], string_b: 'two' }] },
    { prompt: 'two' },
  ],
]

test.each(GRAPHS)('reads a graph of ComfyUI: %s', (_name, nodes, expected) => {
  const entries = Object.entries(nodes).map(([id, [type, inputs]]) => [id, { class_type: type, inputs }])
  expect(readMetadata({ prompt: JSON.stringify(Object.fromEntries(entries)) })).toMatchObject({
    source: 'ComfyUI',
    ...expected,
  })
})

test('keeps a prompt that speaks of NaN, a seed of 20 digits, and reads what is no JSON around them', () => {
  const prompt = `{"3":{"class_type":"KSampler","is_changed":[NaN],"inputs":{"seed":18446744073709551615,"denoise":-Infinity,"cfg":Infinity,"positive":["6",0]}},
    "6":{"class_type":"CLIPTextEncode","inputs":{"text":"NaN, Infinity"}}}`
  expect(readMetadata({ prompt })).toMatchObject({
    prompt: 'NaN, Infinity',
    largeSeed: '18446744073709551615',
    parameters: {},
  })
})

test('reads a workflow where there is nothing else, with values that are named and such that are not', () => {
  const input = (name: string, link: number | null, widget?: object) => ({ name, link, ...(widget && { widget }) })
  const workflow = {
    nodes: [
      {
        id: 3,
        type: 'KSampler',
        inputs: [input('model', 1), input('positive', 2), input('negative', 3), input('latent_image', 4)],
        widgets_values: [42, 'randomize', 20, 8, 'euler', 'normal', 1],
      },
      { id: 4, type: 'CheckpointLoaderSimple', widgets_values: ['a.safetensors'] },
      { id: 5, type: 'EmptyLatentImage', widgets_values: [64, 32, 1] },
      {
        id: 6,
        type: 'CLIPTextEncode',
        inputs: [input('clip', 9), input('text', 5, { name: 'text' })],
        widgets_values: ['old'],
      },
      { id: 7, type: 'CLIPTextEncode', mode: 0, inputs: [input('clip', 9)], widgets_values: ['bad'] },
      { id: 8, type: 'Some Text', inputs: [input('string', null, { name: 'string' })], widgets_values: ['one'] },
      { id: 10, type: 'KSampler', mode: 4, inputs: [], widgets_values: [] },
    ],
    links: [
      [1, 4, 0, 3, 0, 'MODEL'],
      [2, 6, 0, 3, 1, 'CONDITIONING'],
      [3, 7, 0, 3, 2, 'CONDITIONING'],
      { id: 4, origin_id: 5, origin_slot: 0 },
      [5, 8, 0, 6, 1, 'STRING'],
    ],
  }
  expect(readMetadata({ workflow: JSON.stringify(workflow) })).toEqual({
    source: 'ComfyUI',
    prompt: 'one',
    model: 'a.safetensors',
    width: 64,
    height: 32,
    largeSeed: null,
    parameters: {
      seed: 42,
      negativePrompt: 'bad',
      settings: { steps: 20, cfg: 8, samplerName: 'euler', scheduler: 'normal', denoise: 1 },
    },
  })
})
