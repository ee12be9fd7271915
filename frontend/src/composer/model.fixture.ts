import type { Model, ModelSpec, Setting } from '@darkroom/contracts/model'
import { toModel } from '@darkroom/contracts/model-fields'

const SPEC: ModelSpec = {
  id: 'painter',
  name: 'Painter',
  connection: 'somebody',
  kind: 'image',
  note: null,
  operations: ['generate'],
  sizes: {
    kind: 'list',
    sizes: [
      { width: 1024, height: 1024 },
      { width: 1536, height: 1024 },
      { width: 1024, height: 1536 },
    ],
    auto: true,
  },
  durations: [],
  maxOutputs: 4,
  outputsPerCall: 1,
  inputs: [{ role: 'reference', min: 0, max: 2, maxBytes: null, types: [], needsPublicUrl: false }],
  mask: 'none',
  promptCharacters: 1_000,
  seed: null,
  negativePrompt: false,
  settings: {},
  price: { kind: 'unknown' },
  answers: 'at-once',
  resume: 'no',
  cancel: 'billed',
  previews: false,
  progress: false,
  outputSeconds: null,
  retiresAt: null,
  source: 'catalogue',
  estimatedSeconds: 24,
  estimatedSecondsEach: 0,
  maxSeconds: 600,
}

/** Settings as an image model of a paid service has them: two depend on the format. */
export const SETTINGS: Record<string, Setting> = {
  quality: { type: 'string', title: 'Quality', enum: ['low', 'medium', 'high'], default: 'medium', 'x-order': 1 },
  background: { type: 'string', title: 'Background', enum: ['opaque', 'transparent'], 'x-order': 2 },
  format: { type: 'string', title: 'Format', enum: ['png', 'jpeg'], default: 'png', 'x-order': 3, 'x-group': 'File' },
  compression: {
    type: 'integer',
    title: 'Compression',
    description: 'Of JPEG files: 100 is the best.',
    minimum: 0,
    maximum: 100,
    default: 90,
    'x-order': 4,
    'x-group': 'File',
    'x-when': { setting: 'format', in: ['jpeg'] },
  },
}

/** Builds a model with a list of sizes. */
export function buildModel({
  connectionName,
  connectionState,
  ...spec
}: Partial<ModelSpec> & Pick<Partial<Model>, 'connectionName' | 'connectionState'> = {}): Model {
  return {
    ...toModel({ ...SPEC, ...spec }),
    ...(connectionName !== undefined && { connectionName }),
    ...(connectionState !== undefined && { connectionState }),
  }
}
