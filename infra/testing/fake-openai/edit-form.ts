import sharp from 'sharp'
import { type Answer, createError } from './faults.ts'
import type { Fields } from './image-call.ts'

/** A multipart submission: its fields, and its images in order. */
export interface EditForm {
  fields: Fields
  images: File[]
  mask: File | undefined
}

/** Parses a multipart body. @throws TypeError when it is none */
export async function parseEditForm(contentType: string, body: Buffer): Promise<EditForm> {
  const request = new Request('http://localhost/', {
    method: 'POST',
    headers: { 'content-type': contentType },
    body: Uint8Array.from(body),
  })
  const entries = [...(await request.formData()).entries()]
  const fields = entries.flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : []))
  const files = entries.flatMap(([name, value]) => (typeof value === 'string' ? [] : [{ name, file: value }]))
  return {
    fields: Object.fromEntries(fields),
    images: files.filter(({ name }) => name === 'image[]').map(({ file }) => file),
    mask: files.find(({ name }) => name === 'mask')?.file,
  }
}

/** Checks images and mask as OpenAI does. @returns the error that they are answered with */
export async function checkEditForm({ images, mask }: EditForm): Promise<Answer | undefined> {
  const [first] = images
  if (first === undefined) return refuse('image', 'missing_required_parameter', 'Missing required parameter: image.')
  if (images.length > 16) return refuse('image', 'too_many_images', 'At most 16 images.')
  const sizes = await Promise.all(images.map(readSize))
  const unreadable = sizes.indexOf(undefined)
  if (unreadable !== -1) return refuse(`image[${unreadable}]`, 'invalid_image_file', 'Invalid image file.')
  if (mask === undefined) return undefined
  const size = await readSize(mask)
  if (size === undefined || mask.size >= 4_000_000 || size.format !== 'png' || !size.hasAlpha)
    return refuse('mask', 'invalid_mask_image_format', 'The mask must be a PNG with an alpha channel, below 4 MB.')
  if (size.width !== sizes[0]?.width || size.height !== sizes[0]?.height)
    return refuse('mask', 'invalid_mask_image_size', 'The mask size does not match the image size.')
  return undefined
}

async function readSize(file: File) {
  return await sharp(await file.bytes())
    .metadata()
    .then(({ width, height, format, hasAlpha }) => ({ width, height, format, hasAlpha }))
    .catch(() => undefined)
}

function refuse(param: string, code: string, message: string): Answer {
  return createError(400, { param, code, message })
}
