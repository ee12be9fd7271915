import { LIMITS } from '@darkroom/contracts/limits'
import type { ModelSpec } from '@darkroom/contracts/model'
import { createTestModel } from '@darkroom/infra/testing/data/test-model'
import { BYTES_MODEL, OWN_ID_MODEL, PRICE_MICROS } from '@darkroom/infra/testing/fake-provider/wire'

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

/** A model that is polled until its URLs are ready, one that responds with bytes, and one whose lost calls can be found. */
export const FAKE_MODELS: readonly ModelSpec[] = [
  createTestModel({ ...COMMON, id: 'fake-image', name: 'Fake', answers: 'job', resume: 'by-id' }),
  createTestModel({ ...COMMON, id: BYTES_MODEL, name: 'Fake, as bytes', answers: 'at-once', resume: 'no' }),
  createTestModel({ ...COMMON, id: OWN_ID_MODEL, name: 'Fake, with an id of ours', answers: 'job', resume: 'own-id' }),
]
