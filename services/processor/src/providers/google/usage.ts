import type { InteractionUsage, UsageMetadata } from './wire.ts'

/** Returns the tokens of an interaction, by the names that both answers have here. */
export function flattenInteractionUsage(usage: InteractionUsage): Record<string, number> {
  return toCounts({
    input_tokens: usage.total_input_tokens,
    output_tokens: usage.total_output_tokens,
    thought_tokens: usage.total_thought_tokens,
    total_tokens: usage.total_tokens,
    image_input: findImageTokens(usage.input_tokens_by_modality),
    image_output: findImageTokens(usage.output_tokens_by_modality),
  })
}

/** Returns the tokens of an answer that has the image in it. */
export function flattenUsageMetadata(usage: UsageMetadata): Record<string, number> {
  return toCounts({
    input_tokens: usage.promptTokenCount,
    output_tokens: usage.candidatesTokenCount,
    thought_tokens: usage.thoughtsTokenCount,
    total_tokens: usage.totalTokenCount,
    image_input: findImageTokens(usage.promptTokensDetails),
    image_output: findImageTokens(usage.candidatesTokensDetails),
  })
}

interface Counted {
  modality?: string | undefined
  tokens?: number | undefined
  tokenCount?: number | undefined
}

function findImageTokens(details: readonly Counted[] | undefined): number | undefined {
  const found = details?.find(({ modality }) => modality?.toUpperCase() === 'IMAGE')
  return found?.tokens ?? found?.tokenCount
}

function toCounts(counts: Record<string, number | undefined>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter((entry): entry is [string, number] => entry[1] !== undefined))
}
