import type { Price } from '@darkroom/contracts/model'
import { COMMON, createChoice, createToggle, type FalModel, STRICT_TO_6 } from './fal-model.ts'

const VIDEO = {
  ...COMMON,
  kind: 'video',
  price: 'varies',
  estimatedSeconds: 120,
  maxSeconds: 1_800,
} satisfies Partial<FalModel>

const VIDEO_TIERS = [
  { name: '480p', side: 640 },
  { name: '720p', side: 960 },
  { name: '1080p', side: 1_440 },
  { name: '4k', side: 2_880 },
]

const GENERATE_AUDIO = createToggle('Generate Audio', true)

/** Prices of a second of Veo 3.1 Fast without and with sound: fal.ai/models/fal-ai/veo3.1/fast/first-last-frame-to-video/llms.txt [D]. */
const VEO_FAST_SECONDS = { '720p': [100_000, 150_000], '1080p': [100_000, 150_000], '4k': [300_000, 350_000] } as const
const VEO_DURATIONS = [4, 6, 8] as const

function createVeoPrice(): Price {
  const rows = Object.entries(VEO_FAST_SECONDS).flatMap(([tier, [silent, sounding]]) =>
    VEO_DURATIONS.flatMap(seconds => [
      [`${tier} ${seconds} false`, silent * seconds],
      [`${tier} ${seconds} true`, sounding * seconds],
    ]),
  )
  return {
    kind: 'table',
    currency: 'USD',
    by: ['resolution', 'duration', 'generate_audio'],
    rows: Object.fromEntries(rows),
  }
}

/** Models of videos. */
export const VIDEO_MODELS: Readonly<Record<string, FalModel>> = {
  'fal-ai/veo3.1/fast': {
    ...VIDEO,
    name: 'Veo 3.1 Fast',
    routes: {
      generate: { endpoint: 'fal-ai/veo3.1/fast' },
      animate: { endpoint: 'fal-ai/veo3.1/fast/image-to-video', image: 'image_url' },
      between: {
        endpoint: 'fal-ai/veo3.1/fast/first-last-frame-to-video',
        image: 'first_frame_url',
        lastImage: 'last_frame_url',
      },
    },
    sizeFields: 'ratio',
    sizes: { kind: 'ratio', ratios: ['16:9', '9:16'], tiers: VIDEO_TIERS.slice(1), auto: false },
    durations: VEO_DURATIONS,
    durationUnit: 's',
    negativePrompt: true,
    settings: { generate_audio: GENERATE_AUDIO, safety_tolerance: STRICT_TO_6 },
    price: createVeoPrice(),
  },
  'bytedance/seedance-2.0/text-to-video': {
    ...VIDEO,
    name: 'Seedance 2.0',
    routes: {
      generate: { endpoint: 'bytedance/seedance-2.0/text-to-video' },
      animate: {
        endpoint: 'bytedance/seedance-2.0/image-to-video',
        image: 'image_url',
        lastImage: 'end_image_url',
      },
    },
    sizeFields: 'ratio',
    sizes: { kind: 'ratio', ratios: ['21:9', '16:9', '4:3', '1:1', '3:4', '9:16'], tiers: VIDEO_TIERS, auto: true },
    durations: [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    seed: false,
    settings: {
      generate_audio: GENERATE_AUDIO,
      bitrate_mode: createChoice('Bitrate Mode', ['standard', 'high'], 'standard'),
    },
  },
  'fal-ai/kling-video/v3/pro/image-to-video': {
    ...VIDEO,
    name: 'Kling 3 Pro',
    note: 'It animates an image. The video has the shape of its first frame.',
    routes: {
      animate: {
        endpoint: 'fal-ai/kling-video/v3/pro/image-to-video',
        image: 'start_image_url',
        lastImage: 'end_image_url',
      },
    },
    sizeFields: 'none',
    sizes: { kind: 'list', sizes: [{ width: 1_920, height: 1_080 }], auto: true },
    durations: [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    seed: false,
    negativePrompt: true,
    settings: {
      generate_audio: GENERATE_AUDIO,
      cfg_scale: { type: 'number', title: 'Cfg Scale', minimum: 0, maximum: 1, default: 0.5 },
    },
  },
}
