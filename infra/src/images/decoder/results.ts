import { LIMITS } from '@darkroom/contracts/limits'
import { PREVIEW_WIDTHS } from '@darkroom/contracts/previews'
import { z } from 'zod'
import { sniffImageFormat } from '../image-formats.ts'
import { MediaError } from '../media-error.ts'
import type { Frame } from './frames.ts'
import type { OperationName } from './operations.ts'
import { unpackValue } from './packed-value.ts'

const pixels = z.int().positive()
const bytes = z.instanceof(Uint8Array)
const mimeType = z.string().regex(/^image\/[a-z]+$/)
const preview = z.strictObject({ width: z.literal(PREVIEW_WIDTHS), bytes })
const properties = z.strictObject({
  mimeType,
  extension: z.string().regex(/^[a-z]+$/),
  width: pixels,
  height: pixels,
})
const copy = z.strictObject({ mimeType, bytes, width: pixels, height: pixels })
/** It reaches a browser as it is. */
const livePreview = bytes.refine(
  image => image.byteLength <= LIMITS.livePreviewBytes && sniffImageFormat(image)?.mimeType === 'image/webp',
)

const RESPONSE = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('done'), value: z.unknown() }),
  z.strictObject({ kind: z.literal('refused'), reason: z.enum(['damaged', 'unfit']), message: z.string() }),
  z.strictObject({ kind: z.literal('failed'), message: z.string() }),
])

/** Results of the operations of a decoder process. */
const RESULTS = {
  read: properties.extend({ previews: z.array(preview), placeholder: z.base64() }),
  validate: properties,
  makePreviews: z.array(preview),
  makeLivePreview: z.strictObject({ bytes: livePreview }),
  encodeProviderCopy: copy,
  encodeMask: copy,
} satisfies Record<OperationName, z.ZodType>

export type OperationResult<Name extends OperationName> = z.infer<(typeof RESULTS)[Name]>

/**
 * Parses the response of a decoder process. It is validated, because it becomes part of keys and rows, and an image may have taken that
 * process over.
 *
 * @throws MediaError if the image was refused; Error if decoding failed in another way
 */
export function parseResponse<Name extends OperationName>(name: Name, { header, body }: Frame): OperationResult<Name> {
  const response = RESPONSE.parse(header)
  if (response.kind === 'refused') throw new MediaError(response.reason, response.message)
  if (response.kind === 'failed') throw new Error(`an image was not decoded: ${response.message}`)
  return RESULTS[name].parse(unpackValue(response.value, body)) as OperationResult<Name>
}
