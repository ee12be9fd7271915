import { z } from 'zod'
import type { WireAnswer } from '../provider-fakes/wire-faults.ts'
import type { WireExchange } from '../provider-fakes/wire-server.ts'
import { createFieldError, isAnswer } from './errors.ts'
import type { FakeState } from './fake-state.ts'
import {
  Base64Image,
  type CallTokens,
  checkImageCall,
  computePrice,
  countTokens,
  drawCall,
  type ImageCall,
  MAX_REQUEST_BYTES,
} from './image-call.ts'
import { parseJson } from './interactions.ts'

/** [S] GenerateContentConfig, ImageConfig, ThinkingConfig in googleapis/js-genai@6e9b35c45 src/types.ts */
const Body = z.strictObject({
  contents: z
    .array(
      z.strictObject({
        role: z.literal('user').optional(),
        parts: z.array(z.union([z.strictObject({ text: z.string() }), z.strictObject({ inlineData: Base64Image })])),
      }),
    )
    .length(1),
  generationConfig: z.strictObject({
    responseModalities: z.array(z.enum(['TEXT', 'IMAGE'])),
    imageConfig: z.strictObject({ aspectRatio: z.string().optional(), imageSize: z.string().optional() }).optional(),
    thinkingConfig: z.strictObject({ thinkingLevel: z.string() }).optional(),
  }),
})

/** Makes an image, bills it, and answers with it. */
export async function generateContent(state: FakeState, exchange: WireExchange, model: string): Promise<WireAnswer> {
  const { body: bytes, fault, trace } = exchange
  if (bytes.byteLength > MAX_REQUEST_BYTES)
    return createFieldError('contents', 'Request payload size exceeds the limit.')
  const parsed = Body.safeParse(parseJson(bytes))
  if (!parsed.success) return createFieldError(parsed.error.issues[0]?.path.join('.') ?? '', 'Invalid value.')
  const { contents, generationConfig } = parsed.data
  const parts = contents.flatMap(content => content.parts)
  const call = await checkImageCall({
    model,
    prompt: parts.flatMap(part => ('text' in part ? [part.text] : [])).join('\n'),
    ratio: generationConfig.imageConfig?.aspectRatio,
    tier: generationConfig.imageConfig?.imageSize,
    level: generationConfig.thinkingConfig?.thinkingLevel,
    images: parts.flatMap(part => ('inlineData' in part ? [part.inlineData] : [])),
  })
  if (isAnswer(call)) return call
  const tokens = countTokens(call)
  const responseId = trace.replace('req_', '')
  if (fault !== 'content-refused') exchange.bill(computePrice(call, tokens), responseId)
  const modelVersion = fault === 'other-model' ? 'gemini-8-other-image' : `${model}-001`
  const about = { usageMetadata: createUsage(tokens), modelVersion, responseId }
  return { status: 200, body: await createBody(state, call, fault, about) }
}

async function createBody(state: FakeState, call: ImageCall, fault: string | null, about: object): Promise<object> {
  // [S] GenerateContentResponsePromptFeedback
  if (fault === 'content-refused') return { promptFeedback: { blockReason: 'PROHIBITED_CONTENT' }, ...about }
  if (fault === 'wrong-shape') return { result: 'ok' }
  const finishReason = FINISH_REASONS[fault ?? '']
  const finishMessage = 'Unable to show the generated image. It may violate the policy.'
  if (finishReason !== undefined)
    return { candidates: [{ content: {}, finishReason, finishMessage, index: 0 }], ...about }
  if (fault === 'empty-answer') return { candidates: [], ...about }
  const draft = {
    thought: true,
    inlineData: { mimeType: 'image/png', data: await drawCall({ ...call, tier: '512' }, 1) },
  }
  const count = fault === 'wrong-count' || fault === 'duplicate-answer' ? 2 : 1
  const images: object[] = []
  for (let at = 0; at < count; at += 1) {
    const data = await drawCall(call, state.nextSerial())
    images.push({ inlineData: { mimeType: 'image/png', data }, thoughtSignature: 'c2ln'.repeat(300_000) })
  }
  const content = { role: 'model', parts: [{ text: 'Planning.', thought: true }, draft, ...images] }
  return { candidates: [{ content, finishReason: 'STOP', index: 0 }], ...about }
}

/** [S] FinishReason */
const FINISH_REASONS: Partial<Record<string, string>> = {
  'output-refused': 'IMAGE_SAFETY',
  'output-prohibited': 'PROHIBITED_CONTENT',
  'no-image': 'NO_IMAGE',
}

/** Creates the usage of a call. [S] GenerateContentResponseUsageMetadata */
function createUsage({ input, inputImages, thoughts, image }: CallTokens) {
  return {
    promptTokenCount: input,
    promptTokensDetails: [
      { modality: 'TEXT', tokenCount: input - inputImages },
      { modality: 'IMAGE', tokenCount: inputImages },
    ],
    candidatesTokenCount: image,
    candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: image }],
    thoughtsTokenCount: thoughts,
    totalTokenCount: input + image + thoughts,
  }
}
