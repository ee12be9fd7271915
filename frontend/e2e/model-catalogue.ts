import type { InputRole, Model, ModelInput, ModelSpec, Setting } from '@darkroom/contracts/model'
import { toModel } from '@darkroom/contracts/model-fields'
import type { Page } from 'playwright-core'

/** The models that a page is answered with, beside those of the studio. */
export interface ModelCatalogue {
  remove(id: string): void
  restore(): void
}

/** Adds the models of several providers to what the studio answers. Nothing makes them. */
export async function serveModels(page: Page): Promise<ModelCatalogue> {
  let offered = MODELS
  await page.route('**/api/models', async route => {
    const response = await route.fetch()
    await route.fulfill({ response, json: [...(await response.json()), ...offered] })
  })
  return {
    remove: id => {
      offered = offered.filter(model => model.id !== id)
    },
    restore: () => {
      offered = MODELS
    },
  }
}

const CONNECTIONS: Record<string, Pick<Model, 'connectionName' | 'connectionState'>> = {
  forest: { connectionName: 'Black Forest Labs', connectionState: 'ok' },
  paid: { connectionName: 'OpenAI', connectionState: 'ok' },
  empty: { connectionName: 'fal', connectionState: 'no-credit' },
  attic: { connectionName: 'attic, ComfyUI', connectionState: 'ok' },
}

const QUALITY: Setting = { type: 'string', title: 'Quality', enum: ['low', 'medium', 'high'], default: 'medium' }

const SETTINGS: Record<string, Setting> = {
  quality: { ...QUALITY, description: 'More of it takes longer and costs more.', 'x-order': 1 },
  background: { type: 'string', title: 'Background', enum: ['opaque', 'transparent'], 'x-order': 2 },
  format: { type: 'string', title: 'Format', enum: ['png', 'jpeg'], default: 'png', 'x-order': 3, 'x-group': 'File' },
  compression: {
    type: 'integer',
    title: 'Compression',
    minimum: 0,
    maximum: 100,
    default: 90,
    'x-order': 4,
    'x-group': 'File',
    'x-when': { setting: 'format', in: ['jpeg'] },
  },
}

function createInput(role: InputRole, max: number): ModelInput {
  return { role, min: 0, max, maxBytes: null, types: [], needsPublicUrl: false }
}

const COMMON: Omit<ModelSpec, 'id' | 'name' | 'connection'> = {
  kind: 'image',
  note: null,
  operations: ['generate'],
  sizes: {
    kind: 'ratio',
    ratios: ['9:16', '2:3', '3:4', '1:1', '4:3', '3:2', '16:9', '21:9'],
    tiers: [
      { name: '1K', side: 1_024 },
      { name: '2K', side: 2_048 },
    ],
    auto: false,
  },
  durations: [],
  maxOutputs: 4,
  outputsPerCall: 1,
  inputs: [{ role: 'reference', min: 0, max: 3, maxBytes: null, types: [], needsPublicUrl: false }],
  mask: 'none',
  promptCharacters: 10_000,
  seed: { min: 0, max: 1_000 },
  negativePrompt: false,
  settings: {},
  price: { kind: 'per-output', currency: 'USD', micros: 40_000 },
  answers: 'job',
  resume: 'by-id',
  cancel: 'no',
  previews: false,
  progress: false,
  outputSeconds: 600,
  retiresAt: null,
  source: 'catalogue',
  estimatedSeconds: 9,
  estimatedSecondsEach: 0,
  maxSeconds: 600,
}

const GPT_IMAGE: ModelSpec = {
  ...COMMON,
  id: 'paid/gpt-image-2',
  name: 'gpt-image-2',
  connection: 'paid',
  sizes: {
    kind: 'list',
    sizes: [
      { width: 1024, height: 1024 },
      { width: 1536, height: 1024 },
      { width: 1024, height: 1536 },
    ],
    auto: true,
  },
  mask: 'alpha-is-edit',
  seed: null,
  settings: SETTINGS,
  price: { kind: 'table', currency: 'USD', by: ['quality'], rows: { low: 10_000, medium: 40_000, high: 165_000 } },
  estimatedSeconds: 24,
}

const VEO: ModelSpec = {
  ...COMMON,
  id: 'forest/veo',
  name: 'Veo 3.1',
  connection: 'forest',
  kind: 'video',
  inputs: [createInput('first-frame', 1), createInput('last-frame', 1)],
  durations: [4, 8],
  price: { kind: 'per-second', currency: 'USD', micros: 400_000 },
  estimatedSeconds: 71,
}

const MODELS: readonly Model[] = [
  { ...COMMON, id: 'forest/flux-2-pro', name: 'FLUX.2 pro', connection: 'forest' },
  {
    ...COMMON,
    id: 'forest/flux-fill',
    name: 'FLUX.2 fill',
    connection: 'forest',
    mask: 'white-is-edit' as const,
    inputs: [createInput('reference', 3), createInput('style', 1)],
  },
  GPT_IMAGE,
  { ...COMMON, id: 'paid/old', name: 'Imagen 4', connection: 'paid', inputs: [], retiresAt: '2027-01-15' },
  { ...COMMON, id: 'empty/seedream', name: 'Seedream 5', connection: 'empty' },
  { ...COMMON, id: 'attic/sd', name: 'SD 3.5 large', connection: 'attic', price: { kind: 'free' } as const },
  { ...COMMON, id: 'attic/any', name: 'some-finetune', connection: 'attic', price: { kind: 'unknown' } as const },
  VEO,
].map(spec => ({ ...toModel(spec), ...CONNECTIONS[spec.connection] }))
