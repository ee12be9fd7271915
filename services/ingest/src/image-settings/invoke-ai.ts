import { parseLooseJson } from './loose-json.ts'
import { createMetadata, type ImageMetadata, toObject, toText } from './metadata.ts'

/** Reads the metadata of InvokeAI: `invokeai_metadata` of the present versions, `sd-metadata` of those before. */
export function readInvokeAi(texts: Readonly<Record<string, string>>): ImageMetadata | undefined {
  return readPresent(toObject(parseLooseJson(texts.invokeai_metadata))) ?? readOlder(texts['sd-metadata'])
}

function readPresent(metadata: Record<string, unknown>): ImageMetadata | undefined {
  if (Object.keys(metadata).length === 0) return undefined
  const { positive_prompt, negative_prompt: negative, seed, model, width, height, ...rest } = metadata
  const name = toObject(model).name ?? toObject(model).model_name ?? model
  const prompt = toText(positive_prompt)
  return createMetadata({ source: 'InvokeAI', prompt, negative, seed, model: name, width, height, rest })
}

function readOlder(text: string | undefined): ImageMetadata | undefined {
  const metadata = toObject(parseLooseJson(text))
  const { prompt, seed, width, height, ...rest } = toObject(metadata.image)
  if (prompt === undefined) return undefined
  const model = metadata.model_weights ?? metadata.model
  const common = { source: 'InvokeAI', model, seed, width, height, rest, negative: undefined }
  return createMetadata({ ...common, prompt: formatPrompt(prompt) })
}

/** Returns the text of a prompt, which may be a list of weighted prompts. */
function formatPrompt(prompt: unknown): string {
  const parts = Array.isArray(prompt) ? prompt : [prompt]
  return parts.map(part => toText(toObject(part).prompt ?? part)).join(' ')
}
