import { LIMITS } from '@darkroom/contracts/limits'
import type { ModelSpec } from '@darkroom/contracts/model'
import { MAX_RESULT_PIXELS, MAX_RESULT_SIDE, SCALES, type Scale } from '../../../upscaler/protocol.ts'

const NOTE =
  'A small network on this machine makes it larger and sharper. It invents little, and keeps no file metadata.'

/** Returns the models of a connection: one for each scale. */
export function createLocalModels(connection: string): ModelSpec[] {
  return SCALES.map(scale => ({ ...SPEC, ...createNames(connection, scale), sizes: createSizes(scale) }))
}

/** Returns the scale of a model; undefined if it is none of these. */
export function findScale(connection: string, model: string): Scale | undefined {
  return SCALES.find(scale => createNames(connection, scale).id === model)
}

function createNames(connection: string, scale: Scale) {
  return { id: `${connection}/upscale-${scale}x`, name: `Upscale ${scale}x (ESRGAN slim, this machine)`, connection }
}

function createSizes(factor: Scale): ModelSpec['sizes'] {
  return { kind: 'scale', factor, maxSide: MAX_RESULT_SIDE, maxPixels: MAX_RESULT_PIXELS, auto: true }
}

const SPEC: Omit<ModelSpec, 'id' | 'name' | 'connection' | 'sizes'> = {
  kind: 'image',
  note: NOTE,
  operations: ['upscale'],
  durations: [],
  maxOutputs: 1,
  outputsPerCall: 1,
  inputs: [{ role: 'source', min: 1, max: 1, maxBytes: null, types: [], needsPublicUrl: false }],
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
  progress: true,
  outputSeconds: null,
  retiresAt: null,
  source: 'catalogue',
  estimatedSeconds: 30,
  estimatedSecondsEach: 30,
  maxSeconds: 1_800,
}
