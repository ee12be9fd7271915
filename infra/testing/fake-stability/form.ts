import sharp from 'sharp'
import type { Endpoint, FieldRule } from './endpoints.ts'

/** A multipart submission: its texts, and the images in it with their sizes. */
export interface StabilityForm {
  texts: Readonly<Record<string, string>>
  images: Readonly<Record<string, ImageSize>>
}

interface ImageSize {
  width: number
  height: number
}

/** Parses a multipart body. @returns undefined when it is none */
export async function parseForm(contentType: string, body: Buffer): Promise<StabilityForm | undefined> {
  if (!contentType.startsWith('multipart/form-data')) return undefined
  const request = new Request('http://localhost/', {
    method: 'POST',
    headers: { 'content-type': contentType },
    body: Uint8Array.from(body),
  })
  const entries = [...(await request.formData()).entries()]
  const texts = entries.flatMap(([name, value]) => (typeof value === 'string' ? [[name, value] as const] : []))
  const images = await Promise.all(
    entries.flatMap(([name, value]) => (typeof value === 'string' ? [] : [readSize(name, value)])),
  )
  return { texts: Object.fromEntries(texts), images: Object.fromEntries(images) }
}

async function readSize(name: string, file: File): Promise<readonly [string, ImageSize]> {
  const { width, height } = await sharp(await file.bytes())
    .metadata()
    .catch(() => ({ width: 0, height: 0 }))
  return [name, { width, height }]
}

/** Checks a form as Stability AI does. @returns its complaints, as `<field>: <reason>` */
export function checkForm({ fields, required }: Endpoint, { texts, images }: StabilityForm): string[] {
  const names = [...Object.keys(texts), ...Object.keys(images)]
  const missing = required.filter(name => !names.includes(name) || texts[name] === '')
  return [
    ...missing.map(name => `${name}: is required`),
    ...names.filter(name => !Object.hasOwn(fields, name)).map(name => `${name}: is not allowed`),
    ...Object.entries(fields).flatMap(([name, rule]) => checkField(name, rule, { texts, images })),
    ...checkTogether({ texts, images }),
  ]
}

function checkField(name: string, rule: FieldRule, { texts, images }: StabilityForm): string[] {
  const [text, image] = [texts[name], images[name]]
  if (rule.kind === 'image') {
    if (text !== undefined) return [`${name}: must be a file`]
    return image === undefined || isAllowed(image, rule) ? [] : [`${name}: has dimensions that are not supported`]
  }
  if (image !== undefined) return [`${name}: must not be a file`]
  if (text === undefined) return []
  if (rule.kind === 'choice') return rule.values.includes(text) ? [] : [`${name}: must be one of ${rule.values.join()}`]
  if (rule.kind === 'text') return text.length <= rule.maximum ? [] : [`${name}: cannot exceed 10000 characters`]
  const isInRange = /^-?\d+(\.\d+)?$/.test(text) && Number(text) >= rule.minimum && Number(text) <= rule.maximum
  return isInRange ? [] : [`${name}: must be between ${rule.minimum} and ${rule.maximum}`]
}

function isAllowed({ width, height }: ImageSize, rule: Extract<FieldRule, { kind: 'image' }>): boolean {
  const pixels = width * height
  const ratio = Math.max(width / height, height / width)
  return pixels >= rule.minPixels && pixels <= rule.maxPixels && ratio <= (rule.maxRatio ?? 100)
}

/** Checks fields that need each other [D]. */
function checkTogether({ texts, images }: StabilityForm): string[] {
  const has = (name: string) => texts[name] !== undefined || images[name] !== undefined
  const isStart = texts.mode === 'image-to-image'
  const rules: [boolean, string][] = [
    [has('image') && has('aspect_ratio') && has('model'), 'aspect_ratio: is only allowed for text-to-image'],
    [isStart && !has('image'), 'image: is required for image-to-image'],
    [has('model') && has('image') && !isStart, 'image: is only allowed for image-to-image'],
    [isStart && !has('strength'), 'strength: is required for image-to-image'],
    [has('strength') && !has('image'), 'strength: needs an image'],
    [
      has('subject_image') && !has('background_prompt') && !has('background_reference'),
      'background_prompt: or background_reference is required',
    ],
    [
      has('light_source_strength') && !has('light_source_direction') && !has('light_reference'),
      'light_source_strength: requires light_reference or light_source_direction',
    ],
    [
      images.mask !== undefined && images.image !== undefined && !isSameSize(images.mask, images.image),
      'mask: must have the size of the image',
    ],
  ]
  return rules.flatMap(([isBroken, complaint]) => (isBroken ? [complaint] : []))
}

function isSameSize(a: ImageSize, b: ImageSize): boolean {
  return a.width === b.width && a.height === b.height
}
