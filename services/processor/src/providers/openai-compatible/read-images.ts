import { toMicros } from '@darkroom/contracts/price'
import { z } from 'zod'
import { type AnswerOptions, ProviderError, type ProviderOutput, type Receipt } from '../adapter.ts'
import { getTrace } from '../http/answer-headers.ts'
import { readBase64Json } from '../http/base64-json.ts'
import { createMisbehavedError } from '../http/transport-error.ts'
import { detectImageType } from '../openai/image-type.ts'
import type { ServerPreset } from './server-preset.ts'

/** Number of a file, where a base64 text was: see `readBase64Json`. */
const file = z.int().min(0)

/** An answer of an images API, of which only what is read is checked. */
const Answer = z.looseObject({
  data: z
    .array(
      z.looseObject({
        b64_json: file.nullish(),
        url: z.string().nullish(),
        media_type: z.string().nullish(),
        revised_prompt: z.string().nullish(),
        respect_moderation: z.boolean().nullish(),
      }),
    )
    .nullish(),
  output_format: z.string().nullish(),
  /** The model that ran: a proxy may have chosen another. */
  model: z.string().nullish().catch(undefined),
  usage: z.looseObject({}).nullish(),
  credits: z.number().nullish(),
})

/** An answer whose images are decoded. */
interface ImagesAnswer extends z.infer<typeof Answer> {
  files: readonly Uint8Array[]
}
type Item = NonNullable<z.infer<typeof Answer>['data']>[number]

export interface ReadContext {
  preset: Pick<ServerPreset, 'cost' | 'urlSeconds'>
  /** Origin of the connection's own server. */
  origin: string
  /** Whether URLs on that origin are fetched with the key. */
  hasKey: boolean
  /** Time at which the answer is read. */
  now: Date
}

/** xAI counts in ten-billionths of a dollar, Recraft in thousandths. */
const TICKS_PER_MICRO = 10_000
const MICROS_PER_CREDIT = 1_000
const COST_HEADER = 'x-litellm-response-cost'

/** Most bytes of the images of one answer. While it is read it takes at most twice as much memory. */
const MAX_IMAGE_BYTES = 64_000_000

/** Reads the body of an answer. @throws ProviderError of class `unknown` when it is cut off or makes no sense */
export async function readImages(body: AsyncIterable<Uint8Array>): Promise<ImagesAnswer> {
  const options = { fields: ['b64_json'], maxFileBytes: MAX_IMAGE_BYTES, failure: 'unknown' } as const
  const { body: parsed, files } = await readBase64Json(body, options)
  const { data } = Answer.safeParse(parsed)
  if (!data) throw createMisbehavedError('unknown')
  return { ...data, files }
}

/**
 * Returns the outputs of an answer. More than were requested are left out.
 *
 * @throws ProviderError when there are none
 */
export function toOutputs(
  { data, output_format, files }: ImagesAnswer,
  { indices }: Pick<AnswerOptions, 'indices'>,
  context: ReadContext,
): ProviderOutput[] {
  if (!data?.length) throw new ProviderError('no_outputs')
  const declaredType = output_format ? `image/${output_format}` : undefined
  return indices.flatMap((index, position) => {
    const item = data[position]
    return item ? [toOutput(item, index, { ...context, declaredType, files })] : []
  })
}

/** Returns what an answer reports about its call. */
export function toReceipt(
  { data, usage, credits, model }: ImagesAnswer,
  headers: Readonly<Record<string, string>>,
  { preset }: Pick<ReadContext, 'preset'>,
): Receipt {
  const counts = Object.entries(usage ?? {}).filter((entry): entry is [string, number] => typeof entry[1] === 'number')
  const micros = readCost(preset.cost, { usage: Object.fromEntries(counts), credits: credits ?? undefined, headers })
  const trace = getTrace(headers)
  const revisedPrompt = data?.[0]?.revised_prompt
  return {
    ...(micros !== undefined && { cost: { micros, currency: 'USD' } }),
    ...(counts.length > 0 && { usage: Object.fromEntries(counts) }),
    ...(trace !== undefined && { trace }),
    ...(revisedPrompt && { revisedPrompt }),
    ...(model && { model }),
  }
}

interface ItemContext extends ReadContext {
  /** Media type of the images, if the answer names one. */
  declaredType: string | undefined
  files: readonly Uint8Array[]
}

function toOutput(item: Item, index: number, context: ItemContext): ProviderOutput {
  const { b64_json, url, media_type, respect_moderation } = item
  const bytes = context.files[b64_json ?? -1] ?? decodeDataUrl(url)
  const isEmpty = !url && !bytes?.byteLength
  if (respect_moderation === false || isEmpty)
    return { index, kind: 'refused', error: new ProviderError('output_refused') }
  if (bytes) return toBytesOutput(bytes, index, media_type ?? context.declaredType)
  return toUrlOutput(url ?? '', index, context)
}

/** Returns an image by its bytes, or by its declared type where that is a rarer one. @throws ProviderError when it is neither */
function toBytesOutput(bytes: Uint8Array, index: number, declaredType: string | undefined): ProviderOutput {
  const mimeType = detectImageType(bytes) ?? declaredType
  if (!mimeType?.startsWith('image/')) throw createMisbehavedError('unknown')
  return { index, kind: 'bytes', bytes, mimeType }
}

/** Decodes an image that is answered as a data URL, as some servers do. */
function decodeDataUrl(url: string | null | undefined): Uint8Array | undefined {
  const base64 = /^data:[\w/+.-]*;base64,(.+)$/s.exec(url ?? '')?.[1]
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64')
}

function toUrlOutput(text: string, index: number, { origin, hasKey, preset, now }: ReadContext): ProviderOutput {
  const url = URL.parse(text, origin)
  if (!url || !/^https?:$/.test(url.protocol)) throw createMisbehavedError('unknown')
  const expiresAt = preset.urlSeconds === null ? null : new Date(now.getTime() + preset.urlSeconds * 1_000)
  const needsAuth = hasKey && url.origin === origin
  return { index, kind: 'url', url: url.href, expiresAt, ...(needsAuth && { needsAuth }) }
}

/** Reads the cost of a call in micro-units of USD; undefined where none is reported. */
function readCost(
  kind: ServerPreset['cost'],
  { usage, credits, headers }: { usage: Record<string, number>; credits: number | undefined; headers: ReadonlyHeaders },
): number | undefined {
  const header = headers[COST_HEADER]
  if (header !== undefined && header.trim() !== '' && Number(header) >= 0) return toMicros(Number(header))
  const { cost_in_usd_ticks: ticks, cost } = usage
  if (ticks !== undefined) return Math.ceil(ticks / TICKS_PER_MICRO)
  if (kind === 'credits' && credits !== undefined) return Math.ceil(credits * MICROS_PER_CREDIT)
  return kind === 'usage-cost' && cost !== undefined ? toMicros(cost) : undefined
}

type ReadonlyHeaders = Readonly<Record<string, string>>
