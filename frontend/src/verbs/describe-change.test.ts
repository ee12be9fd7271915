import { expect, test } from 'bun:test'
import { buildModel, SETTINGS } from '../composer/model.fixture.ts'
import { buildGeneration } from '../store/generation.fixture.ts'
import { describeChange, describeVerb } from './describe-change.ts'

const MODELS = new Map(
  [buildModel({ id: 'a', name: 'FLUX', settings: SETTINGS }), buildModel({ id: 'b', name: 'GPT Image' })].map(model => [
    model.id,
    model,
  ]),
)
const PARAMETERS = { aspectRatio: '1:1', resolution: 1024, numOutputs: 1 }
const root = buildGeneration({ model: 'a', parameters: { ...PARAMETERS, seed: 3, settings: { quality: 'low' } } })

function change(
  verb: string,
  fields: Parameters<typeof buildGeneration>[0] = {},
  parent: typeof root | undefined = root,
) {
  const child = { ...root, ...fields, parent: { generationId: root.id, outputIndex: 0, verb } }
  return describeChange(buildGeneration({ ...child, outputs: 1 }), parent, MODELS)
}

test('says what a child changed against its parent', () => {
  expect(change('vary')).toBe('varied')
  expect(change('vary', { parameters: { ...root.parameters, seed: 4 }, model: 'b' })).toBe(
    'varied, model FLUX → GPT Image, other seed',
  )
  expect(change('again', { prompt: 'another', parameters: { ...root.parameters, aspectRatio: '3:2' } })).toBe(
    'made again, other prompt, ratio 1:1 → 3:2',
  )
  expect(change('upscale', { parameters: { ...root.parameters, resolution: '2048x2048' } })).toBe(
    'upscaled, size 1024 px → 2048 × 2048',
  )
  expect(
    change('vary', { parameters: { ...root.parameters, settings: { quality: 'high' }, negativePrompt: 'fog' } }),
  ).toBe('varied, other negative prompt, quality low → high')
})

test('does not say that a prompt which names the change is another one', () => {
  expect(change('change-part', { prompt: 'a chapel' })).toBe('changed only the marked part')
  expect(change('edit', { prompt: 'at night' })).toBe('edited')
})

test('says the verb alone without the parent, also a verb that is not known here', () => {
  const child = buildGeneration({ parent: { generationId: root.id, outputIndex: 0, verb: 'relight-scene' } })
  expect(describeChange(child, undefined, MODELS)).toBe('relight scene')
  expect(describeChange(root, undefined, MODELS)).toBe('')
  expect(describeVerb('remove-background')).toBe('background removed')
})
