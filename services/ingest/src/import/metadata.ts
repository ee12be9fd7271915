import { ASPECT_RATIOS } from '@darkroom/contracts/enums'
import { hasEmbeddedFile, type Scalar } from '@darkroom/contracts/parameters'

/** The prompt, model and settings that an image file records. */
export interface ImageMetadata {
  prompt: string
  model: string | null
  parameters: Record<string, unknown>
}

type MetadataReader = (texts: Record<string, string>) => ImageMetadata | undefined

const READERS: MetadataReader[] = [readInvokeAi, readA1111, readComfy]

/** Reads the metadata that A1111, ComfyUI or InvokeAI write into an image; undefined if there is none. */
export function readMetadata(texts: Record<string, string>): ImageMetadata | undefined {
  for (const read of READERS) {
    const metadata = read(texts)
    if (metadata) return metadata
  }
  return undefined
}

/** Returns the supported aspect ratio that a size has, within rounding. */
export function findAspectRatio(width: number, height: number): string | undefined {
  return ASPECT_RATIOS.find(ratio => {
    const [across = 1, down = 1] = ratio.split(':').map(Number)
    return Math.abs(width / height - across / down) < 0.02
  })
}

/** Reads the format of A1111: a prompt, a line `Negative prompt:` and a line of `Name: value` pairs. */
function readA1111({ parameters }: Record<string, string>): ImageMetadata | undefined {
  const lines = parameters?.split('\n') ?? []
  const settingsIndex = lines.findLastIndex(line => /^Steps: \d+/.test(line.trim()))
  if (settingsIndex < 0) return undefined
  const settings = Object.fromEntries(
    [...(lines[settingsIndex] ?? '').matchAll(/\s*([A-Za-z][\w .-]*?):\s*("(?:\\.|[^"\\])*"|[^,]*)(?:,|$)/g)].map(
      ([, name = '', value = '']) => [name, value.replace(/^"(.*)"$/, '$1').trim()],
    ),
  )
  const text = lines.slice(0, settingsIndex).join('\n')
  const [prompt = '', negative] = text.split(/^Negative prompt: ?/m)
  const { Seed: seed, Model: model, Size: _, ...rest } = settings
  return createMetadata(prompt, model, { seed, negative, rest })
}

/** Reads the format of ComfyUI, a graph of nodes: texts are found by following the links of the sampler. */
function readComfy({ prompt }: Record<string, string>): ImageMetadata | undefined {
  const graph = toObject(parseJson(prompt))
  const nodes = Object.values(graph).map(toObject)
  const sampler = nodes.find(node => String(node.class_type).includes('KSampler'))
  if (!sampler) return undefined
  const inputs = toObject(sampler.inputs)
  const loader = nodes.find(node => /CheckpointLoader|UNETLoader/.test(String(node.class_type)))
  const model = toObject(loader?.inputs).ckpt_name ?? toObject(loader?.inputs).unet_name
  const { seed, noise_seed, positive, negative, model: _, latent_image: __, ...rest } = inputs
  return createMetadata(findText(graph, positive) ?? '', model, {
    seed: seed ?? noise_seed,
    negative: findText(graph, negative),
    rest,
  })
}

function readInvokeAi({ invokeai_metadata }: Record<string, string>): ImageMetadata | undefined {
  const metadata = toObject(parseJson(invokeai_metadata))
  if (Object.keys(metadata).length === 0) return undefined
  const { positive_prompt, negative_prompt, seed, model, width: _, height: __, ...rest } = metadata
  const name = toObject(model).name ?? toObject(model).model_name ?? model
  return createMetadata(String(positive_prompt ?? ''), name, { seed, negative: negative_prompt, rest })
}

function createMetadata(
  prompt: string,
  model: unknown,
  fields: { seed: unknown; negative: unknown; rest: object },
): ImageMetadata {
  const seed = Number(fields.seed)
  const negative = typeof fields.negative === 'string' ? fields.negative.trim() : ''
  const settings = Object.fromEntries(Object.entries(fields.rest).flatMap(toSetting))
  return {
    prompt: prompt.trim(),
    model: typeof model === 'string' && model !== '' ? model.slice(0, 200) : null,
    parameters: {
      ...(fields.seed !== undefined && Number.isSafeInteger(seed) ? { seed } : {}),
      ...(negative ? { negativePrompt: negative } : {}),
      ...(Object.keys(settings).length > 0 ? { settings } : {}),
    },
  }
}

/** Converts a name and a value to a setting: `CFG scale` becomes `cfgScale`; values other than scalars are dropped. */
function toSetting([name, value]: [string, unknown]): [string, Scalar][] {
  const words = name.split(/[^A-Za-z0-9]+/).filter(word => word !== '')
  const key = words
    .map((word, index) => (index === 0 ? word.toLowerCase() : word[0]?.toUpperCase() + word.slice(1)))
    .join('')
  if (!/^[A-Za-z]/.test(key)) return []
  if (typeof value === 'number' || typeof value === 'boolean') return [[key, value]]
  if (typeof value !== 'string' || value === '' || value.length > 1_000 || hasEmbeddedFile(value)) return []
  return [[key, /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value]]
}

/** Follows a link of a graph to a text, through any nodes in between. */
function findText(graph: Record<string, unknown>, link: unknown, depth = 0): string | undefined {
  if (!Array.isArray(link) || depth > 8) return undefined
  const inputs = toObject(toObject(graph[String(link[0])]).inputs)
  const text = inputs.text ?? inputs.text_g ?? inputs.string ?? inputs.value
  if (typeof text === 'string') return text
  const links = [text, ...Object.values(inputs)].filter(Array.isArray)
  return links.map(next => findText(graph, next, depth + 1)).find(found => found !== undefined)
}

function parseJson(text: string | undefined): unknown {
  try {
    // ComfyUI writes NaN for inputs that have not changed, which is no JSON.
    return JSON.parse((text ?? '').replaceAll(/\bNaN\b/g, 'null'))
  } catch {
    return undefined
  }
}

function toObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}
