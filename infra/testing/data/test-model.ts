import { LIMITS } from '@darkroom/contracts/limits'
import type { ModelSpec } from '@darkroom/contracts/model'

/** The sizes of a model that says no more: the standard ratios and resolutions, and any in between. */
export const STANDARD_SIZES: ModelSpec['sizes'] = {
  kind: 'grid',
  step: 8,
  minSide: 64,
  maxSide: 4_096,
  minPixels: 4_096,
  maxPixels: 4_300_000,
  maxRatio: 21 / 9,
  auto: false,
}

const PLAIN: Omit<ModelSpec, 'id' | 'name' | 'connection'> = {
  kind: 'image',
  note: null,
  operations: ['generate'],
  sizes: STANDARD_SIZES,
  durations: [],
  maxOutputs: LIMITS.outputs,
  outputsPerCall: LIMITS.outputs,
  inputs: [],
  mask: 'none',
  promptCharacters: LIMITS.promptCharacters,
  seed: null,
  negativePrompt: false,
  settings: {},
  price: { kind: 'free' },
  answers: 'at-once',
  resume: 'no',
  cancel: 'no',
  previews: false,
  progress: false,
  outputSeconds: null,
  retiresAt: null,
  source: 'catalogue',
  estimatedSeconds: 1,
  estimatedSecondsEach: 1,
  maxSeconds: 600,
}

/** Creates a free model without settings or references, except for what is given. */
export function createTestModel(spec: Pick<ModelSpec, 'id' | 'name' | 'connection'> & Partial<ModelSpec>): ModelSpec {
  return { ...PLAIN, ...spec }
}
