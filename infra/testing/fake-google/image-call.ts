import sharp from 'sharp'
import { z } from 'zod'
import { renderImage } from '../fake-provider/image.ts'
import type { WireAnswer } from '../provider-fakes/wire-faults.ts'
import { createFieldError, createNotFound } from './errors.ts'

/** An image that was asked for, in the same form whichever method it came by. */
export interface ImageCall {
  model: string
  prompt: string
  ratio: string
  tier: string
  images: number
}

/** Sides of the square by tier, ratios and most input images, by model. [D] and [D, third party]: see the adapter's catalogue. */
const TEN = ['1:1', '2:3', '3:2', '3:4', '4:3', '4:5', '5:4', '9:16', '16:9', '21:9']
const FOURTEEN = [...TEN, '1:4', '4:1', '1:8', '8:1']
const ALL = ['512', '1K', '2K', '4K']
const LEVELS = ['minimal', 'low', 'medium', 'high']
const MODELS: Readonly<Record<string, { ratios: string[]; tiers: string[]; levels: string[]; images: number }>> = {
  'gemini-nano-banana-2.1': { ratios: FOURTEEN, tiers: ['1K', '2K', '4K'], levels: LEVELS.toSpliced(1, 1), images: 14 },
  'gemini-3-pro-image': { ratios: TEN, tiers: ['1K', '2K', '4K'], levels: [], images: 14 },
  'gemini-3.1-flash-image': { ratios: FOURTEEN, tiers: ALL, levels: ['minimal', 'high'], images: 14 },
  'gemini-3.1-flash-lite-image': { ratios: TEN, tiers: ['1K'], levels: ['minimal', 'high'], images: 14 },
  'gemini-2.5-flash-image': { ratios: TEN, tiers: [], levels: [], images: 3 },
  'gemini-9-nova-image': { ratios: TEN, tiers: [], levels: [], images: 3 },
}
const SIDES: Readonly<Record<string, number>> = { '512': 512, '1K': 1_024, '2K': 2_048, '4K': 4_096 }
/** Tokens of an image by tier, and micro-units of USD of a token by model. [D, third party] */
const TOKENS: Readonly<Record<string, number>> = { '512': 747, '1K': 1_120, '2K': 1_680, '4K': 2_520 }
const RATES: Readonly<Record<string, number>> = { 'gemini-3-pro-image': 120, 'gemini-3.1-flash-image': 60 }
const IMAGE_TYPES = ['image/png', 'image/jpeg', 'image/webp', 'image/heic', 'image/heif']
/** Most bytes of a request with images in it. [U] */
export const MAX_REQUEST_BYTES = 20_000_000

export const Base64Image = z.object({ mimeType: z.string(), data: z.string().regex(/^[A-Za-z0-9+/]+={0,2}$/) })
export type Base64Image = z.infer<typeof Base64Image>

interface Fields {
  model: string
  prompt: string
  ratio: string | undefined
  tier: string | undefined
  level: string | undefined
  images: readonly Base64Image[]
}

/** Checks what a method has received, as Google does. @returns the call, or the error that Google answers with */
export async function checkImageCall(fields: Fields): Promise<ImageCall | WireAnswer> {
  const { model, prompt, ratio, tier, level, images } = fields
  const known = MODELS[model.replace(/-preview$/, '')]
  if (!known) return createNotFound(`models/${model}`)
  if (prompt === '') return createFieldError('input', 'The prompt is empty.')
  if (ratio !== undefined && !known.ratios.includes(ratio))
    return createFieldError('aspect_ratio', `Aspect ratio ${ratio} is not supported.`)
  if (tier !== undefined && !known.tiers.includes(tier))
    return createFieldError('image_size', `Image size ${tier} is not supported.`)
  if (level !== undefined && !known.levels.includes(level))
    return createFieldError('thinking_level', `Thinking level ${level} is not supported for this model.`)
  if (images.length > known.images) return createFieldError('input.image', 'Too many input images.')
  for (const image of images) {
    const refused = await findImageError(image)
    if (refused) return refused
  }
  return { model, prompt, ratio: ratio ?? '1:1', tier: tier ?? '1K', images: images.length }
}

/** Returns the error of an input image that Google cannot read; undefined for one that it can. */
export async function findImageError({ mimeType, data }: Base64Image): Promise<WireAnswer | undefined> {
  if (!IMAGE_TYPES.includes(mimeType)) return createFieldError('input.image.mime_type', `Unsupported: ${mimeType}`)
  const format = await sharp(Buffer.from(data, 'base64'))
    .metadata()
    .then(
      metadata => metadata.format,
      () => undefined,
    )
  if (`image/${format}` === mimeType) return undefined
  return createFieldError('input.image', 'Unable to process input image. Please retry.')
}

/** Draws the image of a call, with the area of its tier. @returns base64 */
export async function drawCall(
  { ratio, tier }: ImageCall,
  serial: number,
  format: 'png' | 'jpeg' = 'png',
): Promise<string> {
  const [across = 1, down = 1] = ratio.split(':').map(Number)
  const height = (SIDES[tier] ?? 1_024) / Math.sqrt(across / down)
  const round = (pixels: number) => Math.round(pixels / 8) * 8
  const png = await renderImage({ width: round((height * across) / down), height: round(height) }, serial, 0)
  const bytes = format === 'png' ? png : await sharp(png).jpeg().toBuffer()
  return bytes.toString('base64')
}

export interface CallTokens {
  input: number
  inputImages: number
  thoughts: number
  image: number
}

/** Counts the tokens of a call. */
export function countTokens({ prompt, tier, images }: ImageCall): CallTokens {
  const inputImages = images * 560
  return { input: Math.ceil(prompt.length / 4) + inputImages, inputImages, thoughts: 120, image: TOKENS[tier] ?? 1_120 }
}

/** Returns the price of a call, in micro-units of USD. */
export function computePrice({ model }: ImageCall, { input, image }: CallTokens): number {
  return input * 2 + image * (RATES[model.replace(/-preview$/, '')] ?? 30)
}
