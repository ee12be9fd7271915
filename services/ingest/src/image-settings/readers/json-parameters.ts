import { parseLooseJson } from '../loose-json.ts'
import { createMetadata, type ImageMetadata, toObject, toText } from '../metadata.ts'

/** Names that programs have for the same field, the likeliest first, in lower case without separators. */
const FIELDS = {
  prompt: ['prompt', 'positiveprompt', 'c'],
  negative: ['negativeprompt', 'negative', 'uc'],
  seed: ['seed'],
  model: ['model', 'basemodel', 'basemodelname', 'usestablediffusionmodel', 'stablediffusionmodel', 'sdmodel'],
  width: ['width'],
  height: ['height'],
  size: ['resolution', 'size'],
} as const
type Fields = { [Key in keyof typeof FIELDS]?: unknown }

const FIELD_NAMES: ReadonlyMap<string, { field: string; rank: number }> = new Map(
  Object.entries(FIELDS).flatMap(([field, names]) => names.map((name, rank) => [name, { field, rank }] as const)),
)

/** Names of settings as A1111 writes them, by those that other programs have. */
const SETTING_NAMES: ReadonlyMap<string, string> = new Map([
  ['cfgscale', 'CFG scale'],
  ['numinferencesteps', 'steps'],
  ['guidancescale', 'guidance'],
])

/** Keywords of texts that are such objects, and the programs that write them. */
const SOURCES: readonly [keyword: string, source: string][] = [
  ['parameters', 'JSON'],
  ['generation_data', 'Tensor.Art'],
]

/**
 * Reads settings that are one object of JSON: SwarmUI, Fooocus and others in `parameters`, Easy Diffusion in the user comment of EXIF,
 * Tensor.Art in `generation_data`.
 *
 * @see https://github.com/mcmonkeyprojects/SwarmUI/blob/master/docs/Image%20Metadata%20Format.md
 * @see https://github.com/lllyasviel/Fooocus/blob/main/modules/meta_parser.py
 */
export function readJsonParameters(texts: Readonly<Record<string, string>>): ImageMetadata | undefined {
  for (const [keyword, source] of SOURCES) {
    const text = texts[keyword]?.replaceAll('\0', '').trim() ?? ''
    const object = text.startsWith('{') ? toObject(parseLooseJson(text)) : {}
    const metadata = toMetadata(object, source, texts)
    if (metadata) return metadata
  }
  return undefined
}

function toMetadata(
  object: Readonly<Record<string, unknown>>,
  source: string,
  texts: Readonly<Record<string, string>>,
): ImageMetadata | undefined {
  if (Object.hasOwn(object, 'sui_image_params')) return createFromObject(toObject(object.sui_image_params), 'SwarmUI')
  const isFooocus = Object.hasOwn(texts, 'fooocus_scheme') || /fooocus/i.test(toText(object.version))
  return createFromObject(object, isFooocus ? 'Fooocus' : source)
}

/** Creates the metadata that an object of settings has; undefined if it has no prompt. */
export function createFromObject(object: Readonly<Record<string, unknown>>, source: string): ImageMetadata | undefined {
  const { fields, rest } = pickFields(object)
  const prompt = typeof fields.prompt === 'string' ? fields.prompt : undefined
  if (prompt === undefined) return undefined
  const [width, height] = readSize(fields)
  return createMetadata({
    source,
    prompt,
    negative: fields.negative,
    model: toModelName(fields.model),
    seed: fields.seed,
    width,
    height,
    rest,
  })
}

function pickFields(object: Readonly<Record<string, unknown>>): { fields: Fields; rest: Record<string, unknown> } {
  const best = new Map<string, { rank: number; value: unknown }>()
  const rest: [string, unknown][] = []
  for (const [key, value] of Object.entries(object)) {
    const name = key.toLowerCase().replaceAll(/[^a-z]/g, '')
    const known = FIELD_NAMES.get(name)
    if (!known) rest.push([SETTING_NAMES.get(name) ?? key, value])
    else if (known.rank < (best.get(known.field)?.rank ?? Number.POSITIVE_INFINITY))
      best.set(known.field, { rank: known.rank, value })
  }
  const fields = Object.fromEntries([...best].map(([field, { value }]) => [field, value]))
  return { fields, rest: Object.fromEntries(rest) }
}

/** Returns width and height, which may be one text such as `(1024, 768)` or `1024x768`. */
function readSize({ width, height, size }: Fields): [unknown, unknown] {
  if (width !== undefined && height !== undefined) return [width, height]
  const [across, down] =
    toText(size)
      .slice(0, 40)
      .match(/\d{1,5}/g) ?? []
  return [across, down]
}

/** Returns the name of a model, which may be an object, or an address of a file. */
function toModelName(model: unknown): unknown {
  const object = toObject(model)
  return object.name ?? object.model_name ?? object.label ?? model
}
