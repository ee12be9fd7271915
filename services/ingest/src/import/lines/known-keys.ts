import type { NameCounts } from '../notes.ts'

/** Keys that are read, and the other names that they have in exports of other systems, in lower case without `_` and `-`. */
type Aliases<Key extends string> = Readonly<Record<Key, readonly string[]>>

const ALIASES = {
  id: ['id', 'generationid', 'uuid'],
  prompt: ['prompt', 'positiveprompt'],
  negativePrompt: ['negativeprompt', 'negative'],
  status: ['status', 'state'],
  model: ['model', 'modelid', 'modelname'],
  kind: ['kind', 'mediatype'],
  parameters: ['parameters', 'params', 'input'],
  outputs: ['outputs', 'output', 'images', 'results', 'files'],
  error: ['error', 'errormessage'],
  createdAt: ['createdat', 'created', 'timestamp'],
  completedAt: ['completedat', 'finishedat'],
  seed: ['seed'],
} as const
const OUTPUT_ALIASES = {
  url: ['url', 'fileurl', 'imageurl', 'videourl', 'src'],
  file: ['file', 'path', 'filename', 'filepath'],
  width: ['width', 'w'],
  height: ['height', 'h'],
  favourite: ['favourite', 'favorite', 'isfavourite', 'isfavorite', 'liked', 'isliked', 'starred'],
} as const
/** Settings at the top level, by the names that they have in `parameters.settings`. */
const SETTING_ALIASES = {
  steps: ['steps', 'numinferencesteps'],
  cfgScale: ['cfgscale', 'cfg'],
  guidance: ['guidance', 'guidancescale'],
  sampler: ['sampler', 'samplername'],
  scheduler: ['scheduler'],
  strength: ['strength', 'denoisingstrength', 'denoise'],
} as const

export const REFERENCE_ALIASES = {
  referenceImage: ['referenceimage'],
  referenceImages: ['referenceimages'],
  referenceImageUrl: ['referenceimageurl'],
  referenceImageId: ['referenceimageid'],
  referenceImagePath: ['referenceimagepath'],
  referenceImageBucket: ['referenceimagebucket'],
  referenceImageMimeType: ['referenceimagemimetype'],
  referenceImageChecksum: ['referenceimagechecksum'],
} as const
/** Parameters at the top level. */
const PARAMETER_ALIASES = {
  aspectRatio: ['aspectratio'],
  resolution: ['resolution'],
  numOutputs: ['numoutputs'],
  ...REFERENCE_ALIASES,
} as const

type Values<Table> = { [Key in keyof Table]?: unknown }
/** The values of a line by the names of this system. Absent ones and those that are null are not in it. */
export type LineValues = Values<typeof ALIASES> & Values<typeof OUTPUT_ALIASES>
export type OutputValues = Values<typeof OUTPUT_ALIASES> & { name?: unknown }
export type SettingValues = Values<typeof SETTING_ALIASES>

/** The values of a line, its settings, and its parameters that are beside the others. */
export interface PickedLine {
  values: LineValues
  settings: SettingValues
  parameters: Record<string, unknown>
}

const LINE_NAMES = createNames({ ...ALIASES, ...OUTPUT_ALIASES })
/** Beside the outputs it is the name of something else. */
const OUTPUT_NAMES = createNames({ ...OUTPUT_ALIASES, name: ['name'] })
const PARAMETER_NAMES = createNames(PARAMETER_ALIASES)
const SETTING_NAMES = createNames(SETTING_ALIASES)

/** Picks the known keys of a line, and counts the others. */
export function pickLineValues(line: Readonly<Record<string, unknown>>, unknownKeys: NameCounts): PickedLine {
  const values = pickValues<LineValues>(line, LINE_NAMES)
  const settings = pickValues<SettingValues>(line, SETTING_NAMES)
  const parameters = pickValues<Record<string, unknown>>(line, PARAMETER_NAMES)
  const known = values.keys.union(settings.keys).union(parameters.keys)
  for (const key of Object.keys(line)) if (!known.has(key)) unknownKeys.add(key)
  return { values: values.found, settings: settings.found, parameters: parameters.found }
}

/** Picks the known keys of an output, and counts the others. */
export function pickOutputValues(output: Readonly<Record<string, unknown>>, unknownKeys: NameCounts): OutputValues {
  const { found, keys } = pickValues<OutputValues>(output, OUTPUT_NAMES)
  for (const key of Object.keys(output)) if (!keys.has(key)) unknownKeys.add(`outputs.${key}`)
  return found
}

/** Picks the settings in the parameters of a line. */
export function pickSettings(parameters: Readonly<Record<string, unknown>>): SettingValues {
  return pickValues<SettingValues>(parameters, SETTING_NAMES).found
}

/** Returns the value of the negative prompt in the parameters of a line. */
export function findNegativePrompt(parameters: Readonly<Record<string, unknown>>): unknown {
  return pickValues<LineValues>(parameters, LINE_NAMES).found.negativePrompt
}

function createNames<Key extends string>(aliases: Aliases<Key>): ReadonlyMap<string, Key> {
  const entries = Object.entries(aliases) as [Key, readonly string[]][]
  return new Map(entries.flatMap(([key, names]) => names.map(name => [name, key] as const)))
}

/**
 * Returns the values of known keys. Of several names of one key that which is listed first counts.
 *
 * @returns `keys`: the keys of the source that were read, and those known ones that are null
 */
function pickValues<T extends object>(
  source: Readonly<Record<string, unknown>>,
  names: ReadonlyMap<string, string>,
): { found: T; keys: Set<string> } {
  const keys = new Set<string>()
  const byName = new Map<string, string>()
  for (const key of Object.keys(source)) {
    const name = toName(key)
    if (names.has(name) && (source[key] ?? null) === null) keys.add(key)
    else if (!byName.has(name)) byName.set(name, key)
  }
  const found = new Map<string, unknown>()
  for (const [name, field] of names) {
    const key = byName.get(name)
    if (key === undefined || found.has(field)) continue
    found.set(field, source[key])
    keys.add(key)
  }
  return { found: Object.fromEntries(found) as T, keys }
}

function toName(key: string): string {
  return key.replaceAll(/[_-]/g, '').toLowerCase()
}
