/** A server that speaks its own dialect of OpenAI's images API. */
export type Flavour = 'localai' | 'sdcpp' | 'vllm-omni' | 'litellm' | 'together' | 'xai' | 'recraft' | 'openrouter'

/** The dialect of a server, as its documentation describes it. */
export interface FlavourSpec {
  /** Path in front of those of the API. */
  prefix: '/v1' | '/api/v1'
  needsKey: boolean
  generate: EndpointSpec
  edit: EndpointSpec | null
  /** Values of `response_format`; the first is the default. */
  formats: readonly string[]
  /** Whether an image that was answered as a URL is fetched with the key. */
  filesNeedKey: boolean
  /** Micro-units of USD that an image costs. */
  imageMicros: number
  /** Bodies of its GET routes, by path. */
  pages: Readonly<Record<string, unknown>>
  /** Paths of `pages` that answer without a key. */
  publicPages: readonly string[]
  /** Headers of each answer. */
  headers: Readonly<Record<string, string>>
}

/** A route that makes images. */
export interface EndpointSpec {
  path: string
  body: 'json' | 'multipart'
  required: readonly string[]
  optional: readonly string[]
  /** Whether a field that it does not know is refused; else it is ignored. */
  isStrict: boolean
}

const json = { body: 'json', required: ['prompt'] } as const
const LENIENT = { ...json, isStrict: false } as const
const STRICT = { ...json, required: ['prompt', 'model'], isStrict: true } as const
const SERVER = {
  prefix: '/v1',
  needsKey: false,
  filesNeedKey: false,
  imageMicros: 0,
  publicPages: [],
  headers: {},
} as const
const SERVICE = { ...SERVER, needsKey: true } as const
const CREATED = 1_790_000_000

/** @see https://localai.io/features/image-generation/ @see https://github.com/mudler/LocalAI core/schema/openai.go */
const localai: FlavourSpec = {
  ...SERVER,
  generate: {
    ...LENIENT,
    path: '/images/generations',
    optional: ['model', 'n', 'size', 'step', 'mode', 'seed', 'negative_prompt', 'response_format', 'ref_images'],
  },
  edit: null,
  formats: ['url', 'b64_json'],
  filesNeedKey: true,
  pages: {
    '/v1/models': list(
      ['llama-3.2-1b', 'stablediffusion', 'flux.1-dev', 'whisper-1'].map(id => ({ id, object: 'model' })),
    ),
    '/system': { backends: ['llama-cpp', 'stablediffusion-ggml'], loaded_models: [] },
  },
}

/** @see https://github.com/leejet/stable-diffusion.cpp examples/server/api.md, routes_openai.cpp */
const sdcpp: FlavourSpec = {
  ...SERVER,
  generate: { ...LENIENT, path: '/images/generations', optional: ['n', 'size', 'output_format', 'output_compression'] },
  edit: {
    path: '/images/edits',
    body: 'multipart',
    required: ['prompt', 'image[]'],
    optional: ['mask', 'n', 'size', 'output_format', 'output_compression'],
    isStrict: false,
  },
  formats: ['b64_json'],
  pages: {
    '/v1/models': { data: [{ id: 'sd-cpp-local', object: 'model', owned_by: 'local' }] },
    '/sdcpp/v1/capabilities': {
      model: { name: 'sd_xl_base_1.0' },
      supported_modes: ['img_gen'],
      samplers: ['euler_a'],
    },
  },
}

/** @see https://docs.vllm.ai/projects/vllm-omni/en/stable/serving/image_generation_api/ */
const vllmOmni: FlavourSpec = {
  ...SERVER,
  generate: {
    ...LENIENT,
    path: '/images/generations',
    isStrict: true,
    optional: ['model', 'n', 'size', 'response_format', ...diffusionFields()],
  },
  edit: {
    path: '/images/edits',
    body: 'multipart',
    required: ['prompt', 'image[]'],
    optional: ['model', 'n', 'size', 'output_format', 'response_format', ...diffusionFields()],
    isStrict: true,
  },
  formats: ['b64_json'],
  pages: {
    '/v1/models': list([{ id: 'Qwen/Qwen-Image', object: 'model', created: CREATED, owned_by: 'vllm' }]),
    '/health': '',
  },
}

/** @see https://docs.litellm.ai/docs/proxy/response_headers */
const litellm: FlavourSpec = {
  ...SERVICE,
  generate: {
    ...STRICT,
    path: '/images/generations',
    optional: ['n', 'size', 'quality', 'response_format', 'user'],
  },
  edit: {
    path: '/images/edits',
    body: 'multipart',
    required: ['prompt', 'model', 'image[]'],
    optional: ['mask', 'n', 'size', 'quality', 'response_format', 'user'],
    isStrict: true,
  },
  formats: ['b64_json', 'url'],
  imageMicros: 40_000,
  pages: {
    '/v1/models': list(
      ['gpt-4o', 'dall-e-3'].map(id => ({ id, object: 'model', created: CREATED, owned_by: 'openai' })),
    ),
    '/v1/model/info': {
      data: [
        { model_name: 'gpt-4o', model_info: { mode: 'chat' } },
        { model_name: 'dall-e-3', model_info: { mode: 'image_generation', output_cost_per_image: 0.04 } },
      ],
    },
  },
  headers: { 'x-litellm-version': '1.90.0' },
}

/** @see https://docs.together.ai/reference/post_images-generations */
const together: FlavourSpec = {
  ...SERVICE,
  generate: {
    ...STRICT,
    path: '/images/generations',
    optional: ['n', 'width', 'height', 'seed', 'steps', 'image_url', 'response_format', 'negative_prompt'],
  },
  edit: null,
  formats: ['url', 'base64'],
  imageMicros: 2_700,
  pages: {
    '/v1/models': [
      { id: 'black-forest-labs/FLUX.1-schnell', object: 'model', type: 'image', display_name: 'FLUX.1 Schnell' },
      { id: 'meta-llama/Llama-3.3-70B', object: 'model', type: 'chat', display_name: 'Llama 3.3 70B' },
    ],
  },
}

/** @see https://docs.x.ai/docs/guides/image-generations */
const xai: FlavourSpec = {
  ...SERVICE,
  generate: {
    ...STRICT,
    path: '/images/generations',
    optional: ['n', 'aspect_ratio', 'resolution', 'quality', 'response_format'],
  },
  edit: {
    ...STRICT,
    path: '/images/edits',
    optional: ['image', 'images', 'n', 'aspect_ratio', 'resolution', 'quality', 'response_format'],
  },
  formats: ['url', 'b64_json'],
  imageMicros: 20_000,
  pages: {
    '/v1/models': list(
      ['grok-4', 'grok-imagine-image'].map(id => ({ id, object: 'model', created: CREATED, owned_by: 'xai' })),
    ),
  },
}

/** @see https://www.recraft.ai/docs/api-reference/endpoints */
const recraft: FlavourSpec = {
  ...SERVICE,
  generate: {
    ...STRICT,
    path: '/images/generations',
    optional: ['n', 'size', 'style', 'controls', 'response_format', 'random_seed'],
  },
  edit: {
    path: '/images/imageToImage',
    body: 'multipart',
    required: ['prompt', 'model', 'image', 'strength'],
    optional: ['n', 'size', 'response_format', 'random_seed'],
    isStrict: true,
  },
  formats: ['url', 'b64_json'],
  imageMicros: 40_000,
  pages: { '/v1/users/me': { credits: 5_000, email: 'me@example.com', id: '1', name: 'Me' } },
}

const ROUTED_TEXT_MODEL = routedModel('openai/gpt-5.6', 'GPT-5.6', ['text', 'image'], ['text'])
const ROUTED_IMAGE_MODELS = [
  routedModel('google/gemini-3.1-flash-image', 'Gemini 3.1 Flash Image', ['text', 'image'], ['image', 'text']),
  routedModel('bytedance-seed/seedream-4.5', 'Seedream 4.5', ['text', 'image'], ['image']),
  routedModel('black-forest-labs/flux.2-pro', 'FLUX.2 Pro', ['text'], ['image']),
]

/** @see https://openrouter.ai/docs/api/api-reference/images */
const openrouter: FlavourSpec = {
  ...SERVICE,
  prefix: '/api/v1',
  generate: {
    ...STRICT,
    path: '/images',
    optional: ['n', 'aspect_ratio', 'resolution', 'seed', 'input_references', 'quality', 'output_format'],
  },
  edit: null,
  formats: ['b64_json'],
  imageMicros: 39_000,
  pages: {
    '/api/v1/models': { data: [ROUTED_TEXT_MODEL, ...ROUTED_IMAGE_MODELS] },
    '/api/v1/models?output_modalities=image': { data: ROUTED_IMAGE_MODELS },
    '/api/v1/key': { data: { label: 'sk-or-…', usage: 1.25, limit: null } },
  },
  publicPages: ['/api/v1/models', '/api/v1/models?output_modalities=image'],
}

export const FLAVOURS: Readonly<Record<Flavour, FlavourSpec>> = {
  localai,
  sdcpp,
  'vllm-omni': vllmOmni,
  litellm,
  together,
  xai,
  recraft,
  openrouter,
}

function list(data: readonly unknown[]): unknown {
  return { object: 'list', data }
}

function diffusionFields(): string[] {
  return ['num_inference_steps', 'guidance_scale', 'seed', 'negative_prompt']
}

function routedModel(id: string, name: string, inputs: string[], outputs: string[]): unknown {
  return { id, name, architecture: { input_modalities: inputs, output_modalities: outputs } }
}
