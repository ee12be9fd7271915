import sharp from 'sharp'
import { z } from 'zod'
import type { WireAnswer } from '../provider-fakes/wire-faults.ts'
import { LATENT_MODES, SAMPLERS, UPSCALERS } from './lists.ts'

/**
 * The fields of a submission that the fake knows [S modules/api/models.py, modules/processing.py]. The server leaves out what it does not
 * know; the fake refuses it, so that a test sees it.
 */
const common = {
  prompt: z.string().default(''),
  negative_prompt: z.string().optional(),
  width: z.int().min(1).default(512),
  height: z.int().min(1).default(512),
  // [S processing.py] 50 steps, by the API.
  steps: z.int().min(1).max(150).default(50),
  cfg_scale: z.number().default(7),
  sampler_name: z.string().default('Euler'),
  scheduler: z.string().optional(),
  seed: z.int().default(-1),
  batch_size: z.int().min(1).default(1),
  n_iter: z.int().min(1).default(1),
  override_settings: z.strictObject({
    sd_model_checkpoint: z.string().optional(),
    CLIP_stop_at_last_layers: z.int().min(1).max(12).optional(),
  }),
  override_settings_restore_afterwards: z.boolean(),
  send_images: z.boolean(),
  save_images: z.boolean(),
  force_task_id: z.string().optional(),
  denoising_strength: z.number().min(0).max(1).optional(),
}
const TextToImage = z.strictObject({
  ...common,
  enable_hr: z.boolean().optional(),
  hr_upscaler: z.enum([...LATENT_MODES, ...UPSCALERS] as [string, ...string[]]).optional(),
  hr_scale: z.number().positive().default(2),
  hr_second_pass_steps: z.int().min(0).optional(),
})
const ImageToImage = z.strictObject({
  ...common,
  init_images: z.array(z.string()).min(1),
  resize_mode: z.int().min(0).max(3),
  mask: z.string().optional(),
  mask_blur: z.int().min(0).optional(),
  inpainting_mask_invert: z.int().min(0).max(1).optional(),
  inpainting_fill: z.int().min(0).max(3).optional(),
  inpaint_full_res: z.boolean().optional(),
  inpaint_full_res_padding: z.int().min(0).optional(),
})
const Extras = z.strictObject({
  resize_mode: z.literal([0, 1]),
  upscaling_resize: z.number().positive(),
  upscaler_1: z.enum(UPSCALERS as [string, ...string[]]),
  image: z.string(),
})

/** Work that was taken. */
export interface Work {
  width: number
  height: number
  count: number
  seed: number
  taskId: string | undefined
  checkpoint: string | undefined
  isExtras: boolean
}

/** Reads a submission. @returns the response by which it is refused, in the words of the server */
export async function readSubmission(name: string, body: Buffer): Promise<Work | { refusal: WireAnswer }> {
  const json = parse(body)
  if (name === 'extra-single-image') return await readExtras(json)
  const { data, error } = (name === 'img2img' ? ImageToImage : TextToImage).safeParse(json)
  if (!data) return refuseField(error)
  if (!SAMPLERS.includes(data.sampler_name)) return refuse(404, { detail: 'Sampler not found' })
  const images = 'init_images' in data ? [...data.init_images, ...(data.mask === undefined ? [] : [data.mask])] : []
  for (const image of images) if (!(await readSize(image))) return INVALID_IMAGE
  const scale = 'enable_hr' in data && data.enable_hr && 'hr_scale' in data ? data.hr_scale : 1
  return {
    width: Math.round(data.width * scale),
    height: Math.round(data.height * scale),
    count: data.batch_size * data.n_iter,
    seed: data.seed < 0 ? 42 : data.seed,
    taskId: data.force_task_id,
    checkpoint: data.override_settings.sd_model_checkpoint,
    isExtras: false,
  }
}

async function readExtras(json: unknown): Promise<Work | { refusal: WireAnswer }> {
  const { data, error } = Extras.safeParse(json)
  if (!data) return refuseField(error)
  const size = await readSize(data.image)
  if (!size) return INVALID_IMAGE
  const { upscaling_resize: scale } = data
  const result = { width: Math.round(size.width * scale), height: Math.round(size.height * scale) }
  return { ...result, count: 1, seed: 0, taskId: undefined, checkpoint: undefined, isExtras: true }
}

function refuse(status: number, body: Record<string, unknown>): { refusal: WireAnswer } {
  return { refusal: { status, body } }
}

/** [S api.py, decode_base64_to_image; handle_exception] */
const INVALID_IMAGE = refuse(500, {
  ...{ error: 'HTTPException', detail: 'Invalid encoded image', body: '', errors: '' },
})

/** Returns the refusal of FastAPI. */
function refuseField(error: z.ZodError | undefined): { refusal: WireAnswer } {
  const issue = error?.issues[0]
  return refuse(422, { detail: [{ loc: ['body', ...(issue?.path ?? [])], msg: issue?.message, type: 'value_error' }] })
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}

async function readSize(text: string): Promise<{ width: number; height: number } | undefined> {
  return await sharp(Buffer.from(text.slice(text.indexOf(',') + 1), 'base64'))
    .metadata()
    .catch(() => undefined)
}
