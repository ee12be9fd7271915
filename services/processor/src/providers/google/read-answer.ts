import type { AnswerOptions, ProviderError, ProviderOutput, Receipt, SavedAnswer, SubmitResult } from '../adapter.ts'
import { createMisbehavedError } from '../http/transport-error.ts'
import { formatHandle } from './call-handle.ts'
import { createInteractionReceipt, type FoundInteraction, findInteractionOutput } from './interactions.ts'
import { isSameModel, toProviderModel } from './model-name.ts'
import { readImageJson, toImageOutput } from './read-image.ts'
import { classifyFinishReason, createQuotedError } from './refused-content.ts'
import { flattenUsageMetadata } from './usage.ts'
import { GeneratedContent, Interaction, Operation } from './wire.ts'

/**
 * Reads the answer to a submission: an interaction that runs in the background, an operation of Veo, or content with the image in it.
 * Which of them it is shows in its content.
 *
 * @throws ProviderError of class `unknown` where it is cut off or makes no sense: it may have been made, and billed
 */
export async function readAnswer(baseUrl: string, answer: SavedAnswer, options: AnswerOptions): Promise<SubmitResult> {
  await answer.headers()
  const { body, files } = await readImageJson(answer.body(options.signal), 'unknown')
  const interaction = Interaction.safeParse(body).data
  if (interaction) return acceptInteraction(baseUrl, { interaction, files }, options)
  const operation = Operation.safeParse(body).data
  if (operation) {
    options.onReceipt?.({ trace: operation.name })
    return { kind: 'accepted', handle: toHandle('operation', operation.name, options) }
  }
  const content = GeneratedContent.safeParse(body).data
  if (!content) throw createMisbehavedError('unknown')
  options.onReceipt?.(createReceipt(content, options.model))
  return { kind: 'outputs', outputs: yieldOutput(findOutput(content, files, options)) }
}

/** Returns the handle of an interaction, or the image of one that was finished at once although it was to run in the background. */
function acceptInteraction(baseUrl: string, found: FoundInteraction, options: AnswerOptions): SubmitResult {
  options.onReceipt?.(createInteractionReceipt(found.interaction))
  const output = findInteractionOutput(baseUrl, found, options.indices[0] ?? 0, 'unknown')
  if (output) return { kind: 'outputs', outputs: yieldOutput(output) }
  return { kind: 'accepted', handle: toHandle('interaction', found.interaction.id, options) }
}

function toHandle(kind: 'interaction' | 'operation', name: string, { indices }: AnswerOptions): string {
  return formatHandle({ kind, name, index: indices[0] ?? 0 })
}

async function* yieldOutput(output: ProviderOutput): AsyncGenerator<ProviderOutput, void> {
  yield output
}

function createReceipt({ usageMetadata, responseId, modelVersion }: GeneratedContent, model: string): Receipt {
  const isOther = modelVersion !== undefined && !isSameModel(modelVersion, toProviderModel(model))
  return {
    ...(usageMetadata && { usage: flattenUsageMetadata(usageMetadata) }),
    ...(responseId !== undefined && { trace: responseId }),
    ...(isOther && { model: modelVersion }),
  }
}

/** Returns the image of an answer: the last one that is not a draft among the thoughts. @throws ProviderError if there is none */
function findOutput(
  content: GeneratedContent,
  files: readonly Uint8Array[],
  { indices }: AnswerOptions,
): ProviderOutput {
  const parts = content.candidates?.flatMap(candidate => candidate.content?.parts ?? []) ?? []
  const image = parts.findLast(part => part.inlineData?.data !== undefined && part.thought !== true)?.inlineData?.data
  if (image === undefined) throw toFailure(content)
  return toImageOutput(indices[0] ?? 0, files[image], 'unknown')
}

/** Returns the reason why there is no image. */
function toFailure({ candidates = [], promptFeedback }: GeneratedContent): ProviderError {
  if (promptFeedback?.blockReason !== undefined)
    return createQuotedError('content_refused', promptFeedback.blockReasonMessage)
  const [candidate] = candidates
  const text = candidate?.content?.parts?.find(part => part.text !== undefined && part.thought !== true)?.text
  const refused = classifyFinishReason(candidate?.finishReason)
  return createQuotedError(refused ?? 'no_outputs', candidate?.finishMessage ?? text)
}
