import { expect, test } from 'bun:test'
import { readMetadata } from '../read-metadata.ts'

const A1111: [string, string, object][] = [
  [
    'a line break in a value',
    'a\nNegative prompt: x\nSteps: 20, Seed: 6, Wildcard prompt: "one\ntwo", Model: m2',
    { model: 'm2', parameters: { seed: 6, settings: { steps: 20, wildcardPrompt: 'one\ntwo' } } },
  ],
  [
    'values as JSON',
    'a\nSteps: 20, Lora hashes: "a: 1, b: \\"2\\"", Hires upscale: 2, Model: m',
    { model: 'm', parameters: { settings: { loraHashes: 'a: 1, b: "2"', hiresUpscale: 2 } } },
  ],
  [
    'lists',
    'a\nSteps: 20, Civitai resources: [{"type":"checkpoint","name":"x, y]"}], Seed: 4',
    { parameters: { seed: 4, settings: { steps: 20 } } },
  ],
  ['an open list', 'a\nSteps: 20, Odd: [{"a, Seed: 4', { parameters: { seed: 4 } }],
  [
    'lines after it',
    'a\nSteps: 20, Version: v1.6.0\nTemplate: a, __b__\nNegative Template: c',
    { parameters: { settings: { version: 'v1.6.0', template: 'a', negativeTemplate: 'c' } } },
  ],
  [
    'a version that is no number',
    'a\nSteps: 20, Version: f2.0.1v1.10.1',
    { parameters: { settings: { version: 'f2.0.1v1.10.1' } } },
  ],
  [
    'a prompt that speaks of it',
    'a\nNegative prompt: reel\nb\nNegative prompt: bad\nworse\nSteps: 20',
    { prompt: 'a\nNegative prompt: reel\nb', parameters: { negativePrompt: 'bad\nworse' } },
  ],
  ['no prompt', 'Steps: 20, Seed: 4', { prompt: '', parameters: { seed: 4 } }],
  [
    'no steps',
    'a fox\nSampler: Euler, CFG scale: 7, Seed: 4, Size: 64x32',
    { prompt: 'a fox', width: 64, height: 32, parameters: { seed: 4 } },
  ],
  [
    'line ends of Windows',
    'a\r\nNegative prompt: bad\r\nSteps: 20, Seed: 4\r\n',
    { prompt: 'a', parameters: { negativePrompt: 'bad', seed: 4 } },
  ],
  [
    'Fooocus',
    'a\nNegative prompt: bad\nSteps: 30, Seed: 4, ADM Guidance: "(1.5, 0.8, 0.3)", Base Model: juggernaut, Version: Fooocus v2.5',
    { model: 'juggernaut', parameters: { settings: { admGuidance: '(1.5, 0.8, 0.3)' } } },
  ],
  ['a large seed', 'a\nSteps: 20, Seed: 18446744073709551615', { largeSeed: '18446744073709551615' }],
]

test.each(A1111)('reads settings of A1111 and its descendants: %s', (_name, parameters, expected) => {
  expect(readMetadata({ parameters })).toMatchObject({ source: 'A1111', ...expected })
})

test('names steps and guidance as the interface shows them', () => {
  const swarm = { parameters: JSON.stringify({ sui_image_params: SWARM }) }
  expect(readMetadata(swarm)).toMatchObject({ parameters: { settings: { steps: 20, cfgScale: 7 } } })
  const diffusion = { prompt: 'a', use_stable_diffusion_model: 'm', num_inference_steps: '20', guidance_scale: '7.5' }
  expect(readMetadata(diffusion)).toMatchObject({ parameters: { settings: { steps: 20, guidance: 7.5 } } })
})

test('takes no text for settings that only begins like them', () => {
  for (const parameters of ['a fox', 'Steps: many', 'Model: a, Size: b', ''])
    expect(readMetadata({ parameters })).toBeUndefined()
})

const READ = { prompt: 'a fox', model: 'xl', parameters: { seed: 4, negativePrompt: 'bad' } }
const SIZED = { ...READ, width: 64, height: 32 }
const SWARM = {
  prompt: 'a fox',
  negativeprompt: 'bad',
  model: 'xl',
  seed: 4,
  steps: 20,
  cfgscale: 7,
  width: 64,
  height: 32,
}
const FOOOCUS = {
  prompt: 'a fox',
  negative_prompt: 'bad',
  base_model: 'xl',
  seed: '4',
  steps: 30,
  resolution: '(64, 32)',
  version: 'Fooocus v2.5.5',
}
const CAPTIONS = { caption: { base_caption: 'a fox', char_captions: [{ char_caption: 'girl' }, { char_caption: '' }] } }
const NOVEL_AI = { prompt: 'a fox', uc: 'bad', seed: 4, width: 64, height: 32, steps: 28, scale: 5 }
const DRAW_THINGS = { c: 'a "fox" & <hen>', uc: 'bad', model: 'xl', seed: 4, size: '64x32', steps: 8 }
const XMP = (json: object) =>
  `<x:xmpmeta><exif:UserComment><rdf:Alt><rdf:li xml:lang="x-default">${JSON.stringify(json).replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')}</rdf:li></rdf:Alt></exif:UserComment></x:xmpmeta>`

const PROGRAMS: [string, Record<string, string>, object][] = [
  [
    'SwarmUI',
    { parameters: JSON.stringify({ sui_image_params: SWARM, sui_extra_data: { date: 'x' } }, null, 2) },
    SIZED,
  ],
  ['Fooocus', { parameters: JSON.stringify(FOOOCUS), fooocus_scheme: 'fooocus' }, SIZED],
  [
    'JSON',
    { parameters: JSON.stringify({ Prompt: 'a fox', Negative: 'bad', base_model_name: 'xl', seed: 4, cfg: 7 }) },
    READ,
  ],
  [
    'Tensor.Art',
    {
      generation_data: `${JSON.stringify({ prompt: 'a fox', negativePrompt: 'bad', seed: '4', model: { label: 'xl' }, width: 64, height: 32 })}\0`,
    },
    SIZED,
  ],
  ['NovelAI', { Software: 'NovelAI', Source: 'xl', Description: 'a fox', Comment: JSON.stringify(NOVEL_AI) }, SIZED],
  [
    'NovelAI',
    {
      Software: 'NovelAI',
      Source: 'xl',
      Comment: JSON.stringify({
        ...NOVEL_AI,
        v4_prompt: CAPTIONS,
        v4_negative_prompt: { caption: { base_caption: 'worst' } },
      }),
    },
    { prompt: 'a fox | girl', parameters: { negativePrompt: 'worst' } },
  ],
  [
    'Easy Diffusion',
    { prompt: 'a fox', negative_prompt: 'bad', use_stable_diffusion_model: 'xl', seed: '4', width: '64', height: '32' },
    SIZED,
  ],
  ['Easy Diffusion', { Prompt: 'a fox', 'Negative Prompt': 'bad', 'Stable Diffusion model': 'xl', Seed: '4' }, READ],
  ['Draw Things', { 'XML:com.adobe.xmp': XMP(DRAW_THINGS) }, { ...SIZED, prompt: 'a "fox" & <hen>' }],
  [
    'Midjourney',
    { Description: 'a fox --no bad --ar 3:2 --seed 4 --v 6.1 Job ID: 12-34' },
    { ...READ, model: 'midjourney 6.1' },
  ],
  [
    'InvokeAI',
    {
      invokeai_metadata: JSON.stringify({
        positive_prompt: 'a fox',
        negative_prompt: 'bad',
        seed: 4,
        model: { model_name: 'xl' },
      }),
    },
    READ,
  ],
  [
    'InvokeAI',
    {
      'sd-metadata': JSON.stringify({
        model_weights: 'xl',
        image: { prompt: [{ prompt: 'a fox', weight: 1 }], seed: 4, width: 64, height: 32 },
      }),
    },
    { prompt: 'a fox', model: 'xl', width: 64 },
  ],
  [
    'InvokeAI',
    { Dream: '"a \\"fox\\"" -s 50 -S 4 -W64 -H 32 -C 7.5 -A k_lms' },
    {
      prompt: 'a "fox"',
      width: 64,
      height: 32,
      parameters: { seed: 4, settings: { steps: 50, cfgScale: 7.5, sampler: 'k_lms' } },
    },
  ],
]

test.each(PROGRAMS)('reads the settings of %s: %j', (source, texts, expected) => {
  expect(readMetadata(texts)).toMatchObject({ source, ...expected })
})

test('reads nothing in what only looks like the settings of a program', () => {
  for (const texts of [
    { parameters: '{"a":1}' },
    { parameters: '{' },
    { Comment: '{"prompt":"a"}' },
    { Description: 'Job ID: 1' },
    { Dream: 'a fox -s 50' },
    { prompt: 'a fox' },
    { workflow: '{"nodes":[1,null],"links":[1,[]]}' },
    { 'XML:com.adobe.xmp': '<exif:UserComment>{' },
  ])
    expect(readMetadata(texts)).toBeUndefined()
})
