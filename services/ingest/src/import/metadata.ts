import { ASPECT_RATIOS } from '@darkroom/contracts/enums'
import { isEmbedded, type Scalar } from '@darkroom/contracts/parameters'

/** What a picture says of how it was made. */
export interface Made {
  prompt: string
  model: string | null
  parameters: Record<string, unknown>
}

type Reader = (texts: Record<string, string>) => Made | undefined

const READERS: Reader[] = [readInvoke, readA1111, readComfy]

/** Reads what A1111, ComfyUI or InvokeAI have written into a picture; undefined if none of them has. */
export function readMetadata(texts: Record<string, string>): Made | undefined {
  for (const read of READERS) {
    const made = read(texts)
    if (made) return made
  }
  return undefined
}

/** The ratio of sides that a picture of this size was asked for with, if it is one of ours. */
export function ratioOf(width: number, height: number): string | undefined {
  return ASPECT_RATIOS.find(ratio => {
    const [across = 1, down = 1] = ratio.split(':').map(Number)
    return Math.abs(width / height - across / down) < 0.02
  })
}

/** A prompt, a line `Negative prompt:` and a line of `Name: value` pairs. */
function readA1111({ parameters }: Record<string, string>): Made | undefined {
  const lines = parameters?.split('\n') ?? []
  const at = lines.findLastIndex(line => /^Steps: \d+/.test(line.trim()))
  if (at < 0) return undefined
  const settings = Object.fromEntries(
    [...(lines[at] ?? '').matchAll(/\s*([A-Za-z][\w .-]*?):\s*("(?:\\.|[^"\\])*"|[^,]*)(?:,|$)/g)].map(
      ([, name = '', value = '']) => [name, value.replace(/^"(.*)"$/, '$1').trim()],
    ),
  )
  const text = lines.slice(0, at).join('\n')
  const [prompt = '', negative] = text.split(/^Negative prompt: ?/m)
  const { Seed: seed, Model: model, Size: _, ...rest } = settings
  return made(prompt, model, { seed, negative, rest })
}

/** A graph of nodes: the texts are followed from the sampler that made the picture. */
function readComfy({ prompt }: Record<string, string>): Made | undefined {
  const graph = objectOf(parsed(prompt))
  const nodes = Object.values(graph).map(objectOf)
  const sampler = nodes.find(node => String(node.class_type).includes('KSampler'))
  if (!sampler) return undefined
  const inputs = objectOf(sampler.inputs)
  const loader = nodes.find(node => /CheckpointLoader|UNETLoader/.test(String(node.class_type)))
  const model = objectOf(loader?.inputs).ckpt_name ?? objectOf(loader?.inputs).unet_name
  const { seed, noise_seed, positive, negative, model: _, latent_image: __, ...rest } = inputs
  return made(textAt(graph, positive) ?? '', model, {
    seed: seed ?? noise_seed,
    negative: textAt(graph, negative),
    rest,
  })
}

function readInvoke({ invokeai_metadata }: Record<string, string>): Made | undefined {
  const given = objectOf(parsed(invokeai_metadata))
  if (Object.keys(given).length === 0) return undefined
  const { positive_prompt, negative_prompt, seed, model, width: _, height: __, ...rest } = given
  const name = objectOf(model).name ?? objectOf(model).model_name ?? model
  return made(String(positive_prompt ?? ''), name, { seed, negative: negative_prompt, rest })
}

function made(prompt: string, model: unknown, given: { seed: unknown; negative: unknown; rest: object }): Made {
  const seed = Number(given.seed)
  const negative = typeof given.negative === 'string' ? given.negative.trim() : ''
  const settings = Object.fromEntries(Object.entries(given.rest).flatMap(settingOf))
  return {
    prompt: prompt.trim(),
    model: typeof model === 'string' && model !== '' ? model.slice(0, 200) : null,
    parameters: {
      ...(given.seed !== undefined && Number.isSafeInteger(seed) ? { seed } : {}),
      ...(negative ? { negativePrompt: negative } : {}),
      ...(Object.keys(settings).length > 0 ? { settings } : {}),
    },
  }
}

/** `CFG scale` becomes `cfgScale`: names as settings have them here, and scalars only. */
function settingOf([name, value]: [string, unknown]): [string, Scalar][] {
  const words = name.split(/[^A-Za-z0-9]+/).filter(word => word !== '')
  const key = words.map((word, at) => (at === 0 ? word.toLowerCase() : word[0]?.toUpperCase() + word.slice(1))).join('')
  if (!/^[A-Za-z]/.test(key)) return []
  if (typeof value === 'number' || typeof value === 'boolean') return [[key, value]]
  if (typeof value !== 'string' || value === '' || value.length > 1_000 || isEmbedded(value)) return []
  return [[key, /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value]]
}

/** The text that a link of a graph leads to, through whatever stands between. */
function textAt(graph: Record<string, unknown>, link: unknown, depth = 0): string | undefined {
  if (!Array.isArray(link) || depth > 8) return undefined
  const inputs = objectOf(objectOf(graph[String(link[0])]).inputs)
  const text = inputs.text ?? inputs.text_g ?? inputs.string ?? inputs.value
  if (typeof text === 'string') return text
  const links = [text, ...Object.values(inputs)].filter(Array.isArray)
  return links.map(next => textAt(graph, next, depth + 1)).find(found => found !== undefined)
}

function parsed(text: string | undefined): unknown {
  try {
    // Graphs are written with NaN where nothing has changed.
    return JSON.parse((text ?? '').replaceAll(/\bNaN\b/g, 'null'))
  } catch {
    return undefined
  }
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}
