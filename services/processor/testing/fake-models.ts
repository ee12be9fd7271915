import { LIMITS } from '@darkroom/contracts/limits'
import type { ModelSpec } from '@darkroom/contracts/model'
import { createTestModel } from '@darkroom/infra/testing/data/test-model'
import {
  BYTES_MODEL,
  OWN_ID_MODEL,
  PRICE_MICROS,
  STUDIO_MODEL,
  VIDEO_MODEL,
} from '@darkroom/infra/testing/fake-provider/wire'

const COMMON = {
  connection: 'fake',
  note: 'For tests: a patterned colour, made by no AI model.',
  operations: ['generate', 'edit'],
  outputsPerCall: 4,
  inputs: [{ role: 'reference', min: 0, max: LIMITS.references, maxBytes: null, types: [], needsPublicUrl: false }],
  seed: { min: 0, max: Number.MAX_SAFE_INTEGER },
  negativePrompt: true,
  settings: {
    steps: { type: 'integer', title: 'Steps', minimum: 1, maximum: 50, default: 20 },
    style: { type: 'string', title: 'Style', enum: ['plain', 'vivid'], default: 'plain' },
  },
  price: { kind: 'per-output', currency: 'USD', micros: PRICE_MICROS },
  cancel: 'refunds',
  progress: true,
  estimatedSecondsEach: 0.5,
} satisfies Partial<ModelSpec>

const JOB = { ...COMMON, answers: 'job', resume: 'by-id', previews: true } as const
const INPUT = { min: 0, max: 1, maxBytes: null, types: [], needsPublicUrl: false }

/** A model with every operation on images, and one that animates. The provider stores the inputs that it is sent for them. */
const STUDIO_MODELS: readonly ModelSpec[] = [
  createTestModel({
    ...JOB,
    id: STUDIO_MODEL,
    name: 'Fake studio',
    operations: ['generate', 'edit', 'inpaint', 'vary', 'upscale', 'remove-background'],
    inputs: [{ ...INPUT, role: 'source' }, { ...INPUT, role: 'mask' }, ...COMMON.inputs],
    mask: 'white-is-edit',
  }),
  createTestModel({
    ...JOB,
    id: VIDEO_MODEL,
    name: 'Fake video',
    kind: 'video',
    operations: ['generate', 'animate'],
    inputs: [
      { ...INPUT, role: 'first-frame' },
      { ...INPUT, role: 'last-frame' },
    ],
    durations: [4, 8],
  }),
]

/**
 * A model that is polled until its URLs are ready, one that responds with bytes, one whose lost calls can be found, one with every
 * operation, and one of videos.
 */
export const FAKE_MODELS: readonly ModelSpec[] = [
  createTestModel({ ...JOB, id: 'fake-image', name: 'Fake' }),
  createTestModel({ ...COMMON, id: BYTES_MODEL, name: 'Fake, as bytes', answers: 'at-once', resume: 'no' }),
  createTestModel({ ...COMMON, id: OWN_ID_MODEL, name: 'Fake, with an id of ours', answers: 'job', resume: 'own-id' }),
  ...STUDIO_MODELS,
]
