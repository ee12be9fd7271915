import { expect, test } from 'bun:test'
import { buildModel } from '../model.fixture.ts'
import { applyImageSettings, describeApplied } from './image-settings.ts'

const STEPS = { type: 'integer', title: 'Steps', minimum: 1, maximum: 50 } as const
const MODEL = buildModel({
  id: 'attic/sdxl',
  name: 'SDXL',
  seed: { min: 0, max: 4_294_967_295 },
  negativePrompt: true,
  settings: { num_inference_steps: STEPS, cfg_scale: { type: 'number', title: 'CFG', minimum: 1, maximum: 20 } },
})
const PLAIN = buildModel({ id: 'paid/plain', name: 'Plain' })
const FOUND = {
  ...{ prompt: 'a red chair', negativePrompt: 'people', model: 'sdxl', seed: 7, width: 1536, height: 1024 },
  ...{ steps: 30, guidance: 6.5, source: 'A1111' },
}

test('sets what the named model has, under the names of that model', () => {
  const result = applyImageSettings(FOUND, [PLAIN, MODEL], PLAIN)
  expect(result.changes).toEqual({
    ...{ prompt: 'a red chair', negativePrompt: 'people', model: 'attic/sdxl', seed: 7 },
    ...{ aspectRatio: '3:2', resolution: '1536x1024' },
    settings: { num_inference_steps: 30, cfg_scale: 6.5 },
  })
  expect(result.omitted).toEqual([])
})

test('says what could not be set', () => {
  const result = applyImageSettings({ ...FOUND, model: 'dreamshaper' }, [PLAIN], PLAIN)
  expect(result.changes).toEqual({ prompt: 'a red chair', aspectRatio: '3:2', resolution: '1536x1024', settings: {} })
  expect(describeApplied(FOUND, result)).toBe(
    'Set from its A1111 data: prompt and size. Not available here: negative prompt, seed, steps, guidance, and model dreamshaper.',
  )
})

test('sets neither values beyond a range nor what was not written', () => {
  const { changes, omitted } = applyImageSettings({ seed: 'random', steps: 900, source: 'ComfyUI' }, [MODEL], MODEL)
  expect([changes, omitted]).toEqual([{ settings: {} }, ['seed', 'steps']])
  const empty = applyImageSettings({ source: 'InvokeAI' }, [MODEL], MODEL)
  expect(describeApplied({ source: 'InvokeAI' }, empty)).toBe('Nothing of its InvokeAI data could be set.')
})
