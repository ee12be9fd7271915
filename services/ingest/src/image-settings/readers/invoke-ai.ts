import { parseLooseJson } from '../loose-json.ts'
import { createMetadata, type ImageMetadata, toObject, toText } from '../metadata.ts'

/** Longest command that is read, in characters, and most words after the prompt. */
const [MAX_COMMAND, MAX_WORDS] = [50_000, 100]
/** Options of a command by their letters. */
const COMMAND_OPTIONS: Readonly<Record<string, string>> = {
  s: 'steps',
  S: 'seed',
  W: 'width',
  H: 'height',
  C: 'cfg_scale',
  A: 'sampler',
}

/**
 * Reads the metadata of InvokeAI: `invokeai_metadata` of the present versions, `sd-metadata` of those before, and the command `Dream` of
 * the first ones.
 *
 * @see https://invoke-ai.github.io/InvokeAI/features/OTHER
 */
export function readInvokeAi(texts: Readonly<Record<string, string>>): ImageMetadata | undefined {
  return (
    readPresent(toObject(parseLooseJson(texts.invokeai_metadata))) ??
    readOlder(texts['sd-metadata']) ??
    readCommand(texts.Dream)
  )
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

/** Reads a command: `"a fox" -s 50 -S 123 -W512 -H 512`. */
function readCommand(text = ''): ImageMetadata | undefined {
  const command = text.slice(0, MAX_COMMAND)
  const end = command.lastIndexOf('" -')
  if (!command.startsWith('"') || end < 1) return undefined
  const words = command.slice(end + 2).split(/\s/, MAX_WORDS)
  const options = Object.fromEntries(words.flatMap((word, index) => readOption(word, words[index + 1])))
  const { seed, width, height, ...rest } = options
  const prompt = command.slice(1, end).replaceAll('\\"', '"')
  return createMetadata({ source: 'InvokeAI', prompt, negative: undefined, model: null, seed, width, height, rest })
}

function readOption(word: string, next: string | undefined): [string, string][] {
  const [, letter = '', attached = ''] = /^-([A-Za-z])(.*)$/.exec(word) ?? []
  const name = Object.hasOwn(COMMAND_OPTIONS, letter) ? COMMAND_OPTIONS[letter] : undefined
  return name === undefined ? [] : [[name, attached || (next ?? '')]]
}
