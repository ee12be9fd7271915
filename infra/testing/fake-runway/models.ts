/**
 * Endpoints and models of Runway's API, as the official client has them: npm @runwayml/sdk@4.20.1, resources/*.d.ts [S]. Credits: Runway's
 * skill `api-reference` [D]; those of the upscaler are [U].
 */

/** A field of a body: a choice, a whole number, a text, a boolean, an object of one choice, or pictures. */
export type FieldRule =
  | { kind: 'choice'; values: readonly string[] }
  | { kind: 'integer'; minimum: number; maximum: number; values?: readonly number[] }
  | { kind: 'text'; maximum: number }
  | { kind: 'boolean' }
  | { kind: 'moderation' }
  | { kind: 'image' }
  | { kind: 'references'; minimum: number; maximum: number }
  | { kind: 'frames'; positions: readonly string[] }

export interface RunwayEndpointModel {
  fields: Readonly<Record<string, FieldRule>>
  required: readonly string[]
  output: 'image' | 'video'
  /** Credits of an output, by its fields. */
  credits(fields: Readonly<Record<string, unknown>>): number
}

const SEED: FieldRule = { kind: 'integer', minimum: 0, maximum: 4_294_967_295 }
const PROMPT: FieldRule = { kind: 'text', maximum: 1_000 }
const MODERATION: FieldRule = { kind: 'moderation' }
const FIRST: FieldRule = { kind: 'frames', positions: ['first'] }
const FIRST_AND_LAST: FieldRule = { kind: 'frames', positions: ['first', 'last'] }
const PERCENT: FieldRule = { kind: 'integer', minimum: 0, maximum: 100 }
const IMAGE_RATIO: FieldRule = {
  kind: 'choice',
  values: [
    ...['1024:1024', '1080:1080', '1168:880', '1360:768', '1440:1080', '1080:1440', '1808:768', '1920:1080'],
    ...['1080:1920', '2112:912', '1280:720', '720:1280', '720:720', '960:720', '720:960', '1680:720'],
  ],
}
const GEMINI_RATIO: FieldRule = {
  kind: 'choice',
  values: [
    '1344:768',
    '768:1344',
    '1024:1024',
    '1184:864',
    '864:1184',
    '1536:672',
    '832:1248',
    '1248:832',
    '2048:2048',
  ],
}
const VIDEO_RATIO: FieldRule = {
  kind: 'choice',
  values: ['1280:720', '720:1280', '1104:832', '960:960', '832:1104', '1584:672'],
}
const TEXT_VIDEO_RATIO: FieldRule = { kind: 'choice', values: ['1280:720', '720:1280'] }
const VEO_RATIO: FieldRule = { kind: 'choice', values: ['1280:720', '720:1280', '1080:1920', '1920:1080'] }
const SECONDS: FieldRule = { kind: 'integer', minimum: 2, maximum: 10 }
const VEO_SECONDS: FieldRule = { kind: 'integer', minimum: 4, maximum: 8, values: [4, 6, 8] }

const IMAGE = { promptText: PROMPT, ratio: IMAGE_RATIO, contentModeration: MODERATION, seed: SEED }
const GEN4 = { promptText: PROMPT, contentModeration: MODERATION, seed: SEED, duration: SECONDS }
const VEO = {
  promptText: PROMPT,
  ratio: VEO_RATIO,
  audio: { kind: 'boolean' } as FieldRule,
  duration: VEO_SECONDS,
  negativePrompt: PROMPT,
  seed: SEED,
}

/** Returns the credits of a video by its seconds; 5 of them unless given. */
function bySecond(rate: number, silentRate = rate): RunwayEndpointModel['credits'] {
  return ({ duration, audio }) => Number(duration ?? 5) * (audio === false ? silentRate : rate)
}

function isSmall({ ratio }: Readonly<Record<string, unknown>>): boolean {
  return String(ratio).split(':').includes('720')
}

const references = (minimum: number, maximum: number): FieldRule => ({ kind: 'references', minimum, maximum })

/** The models of each endpoint, by their names. */
export const ENDPOINT_MODELS: Readonly<Record<string, Readonly<Record<string, RunwayEndpointModel>>>> = {
  '/text_to_image': {
    gen4_image: {
      fields: { ...IMAGE, referenceImages: references(0, 3) },
      required: ['promptText', 'ratio'],
      output: 'image',
      credits: fields => (isSmall(fields) ? 5 : 8),
    },
    gen4_image_turbo: {
      fields: { ...IMAGE, referenceImages: references(1, 3) },
      required: ['promptText', 'ratio', 'referenceImages'],
      output: 'image',
      credits: () => 2,
    },
    gemini_image3_pro: {
      fields: {
        promptText: { kind: 'text', maximum: 100_000 },
        ratio: GEMINI_RATIO,
        referenceImages: references(0, 14),
      },
      required: ['promptText', 'ratio'],
      output: 'image',
      credits: () => 20,
    },
  },
  '/image_upscale': {
    magnific_precision_upscaler_v2: {
      fields: {
        imageUri: { kind: 'image' },
        flavor: { kind: 'choice', values: ['sublime', 'photo', 'photo_denoiser'] },
        scaleFactor: { kind: 'integer', minimum: 2, maximum: 16, values: [2, 4, 8, 16] },
        sharpen: PERCENT,
        smartGrain: PERCENT,
        ultraDetail: PERCENT,
      },
      required: ['imageUri'],
      output: 'image',
      credits: () => 10,
    },
  },
  '/image_to_video': {
    'gen4.5': {
      fields: { ...GEN4, ratio: VIDEO_RATIO, promptImage: FIRST },
      required: ['promptText', 'promptImage', 'ratio', 'duration'],
      output: 'video',
      credits: bySecond(12),
    },
    gen4_turbo: {
      fields: { ...GEN4, ratio: VIDEO_RATIO, promptImage: FIRST },
      required: ['promptImage', 'ratio'],
      output: 'video',
      credits: bySecond(5),
    },
    'veo3.1': {
      fields: { ...VEO, promptImage: FIRST_AND_LAST },
      required: ['promptImage', 'ratio'],
      output: 'video',
      credits: bySecond(40, 20),
    },
    'veo3.1_fast': {
      fields: { ...VEO, promptImage: FIRST_AND_LAST },
      required: ['promptImage', 'ratio'],
      output: 'video',
      credits: bySecond(15, 10),
    },
  },
  '/text_to_video': {
    'gen4.5': {
      fields: { ...GEN4, ratio: TEXT_VIDEO_RATIO },
      required: ['promptText', 'ratio', 'duration'],
      output: 'video',
      credits: bySecond(12),
    },
    'veo3.1': { fields: VEO, required: ['promptText', 'ratio'], output: 'video', credits: bySecond(40, 20) },
    'veo3.1_fast': { fields: VEO, required: ['promptText', 'ratio'], output: 'video', credits: bySecond(15, 10) },
  },
}
