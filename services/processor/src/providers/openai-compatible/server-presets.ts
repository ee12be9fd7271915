import type { CompatibleServer } from '@darkroom/contracts/connection-kinds'
import { LIMITS } from '@darkroom/contracts/limits'
import { RECRAFT_MODELS } from './recraft-models.ts'
import type { DialectFields, ServerPreset } from './server-preset.ts'
import { FREE_SIZES, OPENAI_SIZES, RATIO_SIZES } from './sizes.ts'

const OPENAI_FIELDS: DialectFields = {
  sendsModel: true,
  responseFormat: 'none',
  references: 'multipart',
  takesMask: true,
  sizeStyle: 'size',
  generatePath: '/images/generations',
  editPath: '/images/edits',
  modelsPath: '/models',
  takesSeed: false,
  takesNegativePrompt: false,
  takesSteps: false,
}

/** Any server that speaks as OpenAI does. Nothing beyond the fields that OpenAI documents is sent to it. */
const openai: ServerPreset = {
  name: 'OpenAI-compatible server',
  hosts: [],
  prefix: '/v1',
  fields: OPENAI_FIELDS,
  outputMicros: null,
  sizes: OPENAI_SIZES,
  names: { seed: 'seed', negativePrompt: 'negative_prompt', steps: 'steps', file: 'image[]' },
  jsonImages: 'openai',
  maxReferences: LIMITS.references,
  mask: 'alpha-is-edit',
  sendsResolution: false,
  promptCharacters: LIMITS.promptCharacters,
  settings: {},
  editOnly: [],
  headers: {},
  keyPath: null,
  cost: 'none',
  urlSeconds: null,
  models: [],
}

/** @see https://localai.io/features/image-generation/ */
const localai: ServerPreset = {
  ...openai,
  name: 'LocalAI',
  fields: {
    ...OPENAI_FIELDS,
    responseFormat: 'b64_json',
    references: 'json-images',
    editPath: '/images/generations',
    takesMask: false,
    takesSeed: true,
    takesNegativePrompt: true,
    takesSteps: true,
  },
  outputMicros: 0,
  sizes: FREE_SIZES,
  names: { ...openai.names, steps: 'step' },
  jsonImages: 'localai',
  maxReferences: 4,
}

/** @see https://github.com/leejet/stable-diffusion.cpp examples/server/api.md */
const sdCpp: ServerPreset = {
  ...openai,
  name: 'stable-diffusion.cpp',
  fields: { ...OPENAI_FIELDS, sendsModel: false, takesSeed: true, takesNegativePrompt: true, takesSteps: true },
  outputMicros: 0,
  sizes: FREE_SIZES,
  names: { ...openai.names, seed: 'extra-args', negativePrompt: 'extra-args', steps: 'extra-args' },
  mask: 'white-is-edit',
}

/** @see https://docs.vllm.ai/projects/vllm-omni/en/stable/serving/image_generation_api/ */
const vllmOmni: ServerPreset = {
  ...openai,
  name: 'vLLM-Omni',
  fields: {
    ...OPENAI_FIELDS,
    responseFormat: 'b64_json',
    takesMask: false,
    takesSeed: true,
    takesNegativePrompt: true,
    takesSteps: true,
  },
  outputMicros: 0,
  sizes: FREE_SIZES,
  names: { ...openai.names, steps: 'num_inference_steps' },
  maxReferences: 4,
  settings: {
    guidance_scale: { type: 'number', title: 'Guidance', minimum: 0, maximum: 30, multipleOf: 0.1 },
  },
}

/** @see https://docs.litellm.ai/docs/proxy/request_headers: a repeated request could be billed twice, so it is told not to */
const litellm: ServerPreset = {
  ...openai,
  name: 'LiteLLM',
  headers: { 'x-litellm-num-retries': '0' },
  cost: 'litellm-header',
}

/** @see https://docs.together.ai/reference/post_images-generations */
const together: ServerPreset = {
  ...openai,
  name: 'Together',
  hosts: ['api.together.xyz', 'api.together.ai'],
  fields: {
    ...OPENAI_FIELDS,
    responseFormat: 'base64',
    references: 'image-url',
    editPath: '/images/generations',
    takesMask: false,
    sizeStyle: 'width-height',
    takesSeed: true,
    takesSteps: true,
  },
  sizes: FREE_SIZES,
  maxReferences: 1,
}

/** @see https://docs.x.ai/docs/guides/image-generations */
const xai: ServerPreset = {
  ...openai,
  name: 'xAI',
  hosts: ['api.x.ai'],
  fields: {
    ...OPENAI_FIELDS,
    responseFormat: 'b64_json',
    references: 'json-images',
    takesMask: false,
    sizeStyle: 'aspect-ratio',
  },
  sizes: {
    ...RATIO_SIZES,
    tiers: [
      { name: '1k', side: 1024 },
      { name: '2k', side: 2048 },
    ],
  },
  jsonImages: 'xai',
  maxReferences: 3,
  sendsResolution: true,
  cost: 'usage-ticks',
}

/** @see https://www.recraft.ai/docs/api-reference/endpoints */
const recraft: ServerPreset = {
  ...openai,
  name: 'Recraft',
  hosts: ['external.api.recraft.ai'],
  fields: {
    ...OPENAI_FIELDS,
    responseFormat: 'url',
    editPath: '/images/imageToImage',
    takesMask: false,
  },
  names: { ...openai.names, file: 'image' },
  maxReferences: 1,
  promptCharacters: 10_000,
  settings: {
    strength: {
      type: 'number',
      title: 'Change',
      description: 'How much the reference is changed: 0 hardly, 1 wholly.',
      minimum: 0,
      maximum: 1,
      multipleOf: 0.05,
      default: 0.5,
    },
  },
  editOnly: ['strength'],
  keyPath: '/users/me',
  cost: 'credits',
  urlSeconds: 86_400,
  models: RECRAFT_MODELS,
}

/** @see https://openrouter.ai/blog/tutorials/image-generation/ */
const openrouter: ServerPreset = {
  ...openai,
  name: 'OpenRouter',
  hosts: ['openrouter.ai'],
  prefix: '/api/v1',
  fields: {
    ...OPENAI_FIELDS,
    references: 'input-references',
    takesMask: false,
    sizeStyle: 'aspect-ratio',
    generatePath: '/images',
    editPath: '/images',
    modelsPath: '/models?output_modalities=image',
  },
  sizes: RATIO_SIZES,
  maxReferences: 8,
  keyPath: '/key',
  cost: 'usage-cost',
}

export const PRESETS: Readonly<Record<CompatibleServer, ServerPreset>> = {
  openai,
  localai,
  'sd-cpp': sdCpp,
  'vllm-omni': vllmOmni,
  litellm,
  together,
  xai,
  recraft,
  openrouter,
}
