import type { Kind } from '@darkroom/contracts/enums'
import { LIMITS } from '@darkroom/contracts/limits'
import { isStorable, toStorableText } from '@darkroom/contracts/parameters'
import type { ImportNotes } from '../notes.ts'
import { type ImportRecord, RecordError, sanitizePrompt } from '../record.ts'
import { findNegativePrompt, type PickedLine, pickLineValues, pickSettings } from './known-keys.ts'
import { normalizeReferences } from './normalize-references.ts'
import { resolveOutcome } from './outcome.ts'
import { parseNestedJson } from './parse-json.ts'
import { parseOutputs } from './parse-outputs.ts'
import { parseRecordTime, type TimeOptions } from './record-time.ts'
import { isObject, toOptionalText } from './values.ts'

export interface RecordOptions extends TimeOptions {
  /** Time of generations that have none. */
  now: Date
  notes: Pick<ImportNotes, 'unknownKeys'>
}

const [MAX_ID, MAX_MODEL] = [500, 200]
const KIND_ALIASES: ReadonlyMap<string, Kind> = new Map([
  ...[
    'image',
    'images',
    'picture',
    'photo',
    'img',
    'still',
    'text-to-image',
    'image-to-image',
    'txt2img',
    'img2img',
  ].map(name => [name, 'image'] as const),
  ...['video', 'videos', 'movie', 'clip', 'animation', 'text-to-video', 'image-to-video', 'txt2vid', 'img2vid'].map(
    name => [name, 'video'] as const,
  ),
])

/** Converts a generation of another system. A key that is null counts as absent. @throws RecordError naming the first invalid key */
export function parseRecord(line: unknown, options: RecordOptions): ImportRecord {
  if (!isObject(line)) throw new RecordError('is not a JSON object')
  const picked = pickLineValues(line, options.notes.unknownKeys)
  const { values } = picked
  const outputs = parseOutputs(values, options.notes.unknownKeys)
  const parameters = normalizeReferences(parseParameters(picked), options.notes.unknownKeys)
  assertStorable(parameters, 'parameters')
  const createdAt = parseRecordTime(values.createdAt, 'createdAt', options)
  const completedAt = parseRecordTime(values.completedAt, 'completedAt', options)
  const now = options.now.toISOString()
  // Clocks of two machines differ: nothing is completed before it was asked for.
  const isEarly = createdAt !== undefined && completedAt !== undefined && completedAt < createdAt
  return {
    externalId: parseId(values.id),
    prompt: sanitizePrompt(toOptionalText(values.prompt, 'prompt') ?? ''),
    model: parseModel(values.model),
    kind: parseKind(values.kind),
    ...resolveOutcome(values, outputs.length),
    parameters,
    outputs,
    createdAt: createdAt ?? completedAt ?? now,
    completedAt: (isEarly ? createdAt : completedAt) ?? createdAt ?? now,
  }
}

function parseId(id: unknown): string {
  if (id === undefined) throw new RecordError('id: is missing')
  if (typeof id === 'number') return String(id)
  if (typeof id !== 'string' || id === '') throw new RecordError('id: is neither a text nor a number')
  if (id.length > MAX_ID) throw new RecordError(`id: is longer than ${MAX_ID} characters`)
  return id
}

function parseModel(model: unknown): string {
  const text = isObject(model) ? (model.name ?? model.id) : model
  return toStorableText(typeof text === 'string' ? text.trim() : '', MAX_MODEL) || 'unknown'
}

function parseKind(kind: unknown): Kind {
  const name = toOptionalText(kind, 'kind')?.trim().toLowerCase().replaceAll(/[_ ]/g, '-') ?? 'image'
  const found = KIND_ALIASES.get(name) ?? KIND_ALIASES.get(name.split('/', 1)[0] ?? '')
  if (!found) throw new RecordError('kind: is neither `image` nor `video`')
  return found
}

/** Returns all parameters, with what other systems have beside them or by other names at the places where this one shows it. */
function parseParameters({ values, settings, parameters }: PickedLine): Record<string, unknown> {
  const given = { ...parameters, ...omitNull(parseJsonObject(values.parameters)) }
  const { seed, negativePrompt } = { seed: given.seed ?? values.seed, negativePrompt: values.negativePrompt }
  const shown = given.negativePrompt ?? findNegativePrompt(given) ?? negativePrompt
  const allSettings = { ...pickSettings(given), ...settings, ...(isObject(given.settings) ? given.settings : {}) }
  return {
    ...given,
    ...(seed === undefined ? {} : { seed: toSeed(seed) }),
    ...(typeof shown === 'string' ? { negativePrompt: toStorableText(shown, LIMITS.promptCharacters) } : {}),
    ...(Object.keys(allSettings).length > 0 ? { settings: allSettings } : {}),
    ...(values.width === undefined || 'width' in given ? {} : { width: values.width }),
    ...(values.height === undefined || 'height' in given ? {} : { height: values.height }),
  }
}

/** Returns the parameters, which exports of tables have as text. Some programs write a list for an object without keys. */
function parseJsonObject(parameters: unknown): Record<string, unknown> {
  const value = typeof parameters === 'string' ? parseNestedJson(parameters.trim() || '{}') : (parameters ?? {})
  if (Array.isArray(value) && value.length === 0) return {}
  if (!isObject(value)) throw new RecordError('parameters: is not an object')
  return value
}

function omitNull(parameters: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== null))
}

/** Returns a seed as a number, or as its digits where no number is that large. */
function toSeed(seed: unknown): unknown {
  if (typeof seed !== 'string' || !/^-?\d{1,40}$/.test(seed.trim())) return seed
  const number = Number(seed)
  return Number.isSafeInteger(number) ? number : seed.trim()
}

/**
 * Throws if a text or a key anywhere in a value is one that the database cannot store.
 *
 * @throws RecordError naming where it is
 */
function assertStorable(value: unknown, path: string): void {
  if (typeof value === 'string' && !isStorable(value))
    throw new RecordError(`${path}: has a character that cannot be stored`)
  if (typeof value !== 'object' || value === null) return
  for (const [key, part] of Object.entries(value)) {
    if (!isStorable(key)) throw new RecordError(`${path}: has a key with a character that cannot be stored`)
    assertStorable(part, `${path}.${key}`)
  }
}
