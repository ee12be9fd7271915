import type { Model } from '@darkroom/contracts/model'
import { toModel } from '@darkroom/contracts/model-fields'
import { createTestModel } from '@darkroom/infra/testing/data/test-model'

/** A model with every capability that ingest validates. For tests. */
export const demoModel: Model = toModel(
  createTestModel({
    id: 'demo',
    name: 'Demo',
    connection: 'demo',
    operations: ['generate', 'edit'],
    inputs: [{ role: 'reference', min: 0, max: 16, maxBytes: null, types: [], needsPublicUrl: false }],
    seed: { min: 0, max: Number.MAX_SAFE_INTEGER },
    negativePrompt: true,
    settings: { grain: { type: 'number', title: 'Grain', minimum: 0, maximum: 1, multipleOf: 0.1, default: 0.5 } },
    estimatedSeconds: 2,
  }),
)
