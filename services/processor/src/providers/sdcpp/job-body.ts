import type { ProviderReference, ProviderRequest } from '../adapter.ts'
import { VIDEO_FORMAT } from './model-specs.ts'

const FALLBACK_FPS = 16

/** Returns the path and the body of the submission of a job. Fields that are left out have the server's defaults. */
export function createJob(request: ProviderRequest): { path: string; body: Record<string, unknown> } {
  const isVideo = request.kind === 'video'
  const body = { ...createCommon(request), ...(isVideo ? createVideoFields(request) : createImageFields(request)) }
  return { path: isVideo ? '/sdcpp/v1/vid_gen' : '/sdcpp/v1/img_gen', body: removeUndefined(body) }
}

function createCommon({ prompt, negativePrompt, width, height, seed, settings }: ProviderRequest) {
  const { lora, lora_weight: multiplier } = settings
  return {
    prompt,
    negative_prompt: negativePrompt,
    width,
    height,
    seed,
    clip_skip: settings.clip_skip,
    sample_params: removeUndefined({
      sample_steps: settings.steps,
      sample_method: settings.sampler,
      scheduler: settings.scheduler,
      guidance: removeUndefined({ txt_cfg: settings.cfg, distilled_guidance: settings.distilled_guidance }),
    }),
    lora: lora === undefined || lora === 'none' ? undefined : [removeUndefined({ path: lora, multiplier })],
  }
}

function createImageFields({ references, settings, indices }: ProviderRequest) {
  const mask = references.find(({ role }) => role === 'mask')
  const images = references.filter(({ role }) => role !== 'mask')
  // A mask is that of the first image, and it is the start that has one.
  const isStart = mask !== undefined || settings.edit_by !== 'reference'
  const start = isStart ? (images.find(({ role }) => role === 'source') ?? (mask && images[0])) : undefined
  const others = images.filter(image => image !== start)
  return {
    batch_count: indices.length,
    init_image: start && toBase64(start),
    mask_image: mask && toBase64(mask),
    ref_images: others.length > 0 ? others.map(toBase64) : undefined,
    strength: start && settings.strength,
    hires: settings.hires === true ? createHires(settings) : undefined,
    output_format: 'png',
  }
}

function createHires(settings: ProviderRequest['settings']) {
  return removeUndefined({
    enabled: true,
    upscaler: settings.hires_upscaler,
    scale: settings.hires_scale,
    denoising_strength: settings.hires_strength,
    steps: settings.hires_steps,
  })
}

/** Creates the fields of a video. The server makes frames in fours, and one: of a second at 16 frames, 17. */
function createVideoFields({ references, settings, duration = 2 }: ProviderRequest) {
  const fps = typeof settings.fps === 'number' ? settings.fps : FALLBACK_FPS
  const first = references.find(({ role }) => role === 'first-frame')
  const last = references.find(({ role }) => role === 'last-frame')
  return {
    video_frames: Math.ceil((duration * fps) / 4) * 4 + 1,
    fps,
    init_image: first && toBase64(first),
    end_image: last && toBase64(last),
    output_format: VIDEO_FORMAT,
  }
}

function toBase64({ bytes }: ProviderReference): string {
  return Buffer.from(bytes).toString('base64')
}

function removeUndefined(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
