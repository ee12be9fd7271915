import sharp from 'sharp'
import { z } from 'zod'
import { type FakeSdCppModel, listUpscalers, SAMPLERS, SCHEDULERS } from './capabilities.ts'

/**
 * The fields of a job that the fake knows [S api.md, "Field Mapping Summary"]. The server leaves out what it does not know, or what has the
 * wrong type; the fake refuses it, so that a test sees it.
 */
const Sampling = z.strictObject({
  // [S common.cpp, resolve] the server makes it one of these.
  sample_steps: z.int().min(1).max(100).optional(),
  sample_method: z.enum(SAMPLERS as [string, ...string[]]).optional(),
  scheduler: z.enum(SCHEDULERS as [string, ...string[]]).optional(),
  guidance: z
    .strictObject({ txt_cfg: z.number().min(0).optional(), distilled_guidance: z.number().optional() })
    .optional(),
})
const common = {
  prompt: z.string(),
  negative_prompt: z.string().optional(),
  width: z.int().min(1),
  height: z.int().min(1),
  seed: z.int(),
  clip_skip: z.int().optional(),
  sample_params: Sampling.optional(),
  lora: z.array(z.strictObject({ path: z.string(), multiplier: z.number().optional() })).optional(),
  init_image: z.string().optional(),
}
const ImageRequest = z.strictObject({
  ...common,
  batch_count: z.int().min(1).max(8),
  strength: z.number().min(0).max(1).optional(),
  mask_image: z.string().optional(),
  ref_images: z.array(z.string()).optional(),
  hires: z
    .strictObject({
      enabled: z.boolean(),
      upscaler: z.string().optional(),
      scale: z.number().positive().optional(),
      denoising_strength: z.number().positive().max(1).optional(),
      steps: z.int().min(0).optional(),
    })
    .optional(),
  output_format: z.enum(['png', 'jpeg', 'webp']),
})
const VideoRequest = z.strictObject({
  ...common,
  end_image: z.string().optional(),
  video_frames: z.int().min(1),
  fps: z.int().min(1),
  output_format: z.string(),
})

/** A job that was taken. */
export interface JobContent {
  kind: 'img_gen' | 'vid_gen'
  seed: number
  width: number
  height: number
  count: number
  fps: number
  frames: number
  fault: string | null
  createdAt: number
}

/** Reads the submission of a job. @returns the `error` with which the server refuses it [S routes_sdcpp.cpp] */
export async function readJobRequest(
  body: Buffer,
  { kind, model, fault }: { kind: JobContent['kind']; model: FakeSdCppModel; fault: string | null },
): Promise<JobContent | string> {
  if (body.byteLength === 0) return 'empty body'
  if (!model.modes.includes(kind)) return `loaded model does not support ${kind}`
  const json = parse(body)
  if (json === undefined) return 'invalid json'
  const createdAt = Math.floor(Date.now() / 1_000)
  const content = { kind, fault, createdAt }
  if (kind === 'vid_gen') {
    const { data } = VideoRequest.safeParse(json)
    if (!data || !(await areImages([data.init_image, data.end_image]))) return INVALID
    if (!model.videoFormats.includes(data.output_format)) return 'invalid output_format, must be one of [webp, avi]'
    // [S api.md, "Frame Count Semantics"] the largest 4n + 1 that is not above the requested number.
    const frames = Math.floor((data.video_frames - 1) / 4) * 4 + 1
    return { ...content, ...pickSize(data), seed: data.seed, count: 1, fps: data.fps, frames }
  }
  const { data } = ImageRequest.safeParse(json)
  if (!data || !(await areImages([data.init_image, data.mask_image, ...(data.ref_images ?? [])]))) return INVALID
  if (data.lora?.some(({ path }) => !model.loras.includes(path))) return INVALID
  if (data.hires?.upscaler !== undefined && !listUpscalers(model).includes(data.hires.upscaler)) return INVALID
  const scale = data.hires?.enabled ? (data.hires.scale ?? 2) : 1
  return { ...content, ...pickSize(data, scale), seed: data.seed, count: data.batch_count, fps: 0, frames: 0 }
}

const INVALID = 'invalid generation parameters'

function pickSize({ width, height }: { width: number; height: number }, scale = 1) {
  return { width: Math.round(width * scale), height: Math.round(height * scale) }
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}

/** Returns whether each text is an image in base64, as `decode_base64_image` needs it. */
async function areImages(texts: readonly (string | undefined)[]): Promise<boolean> {
  const checks = texts.map(async text => {
    if (text === undefined) return true
    const bytes = Buffer.from(text.slice(text.indexOf(',') + 1), 'base64')
    return await sharp(bytes)
      .metadata()
      .then(({ width }) => width !== undefined)
      .catch(() => false)
  })
  return (await Promise.all(checks)).every(Boolean)
}
