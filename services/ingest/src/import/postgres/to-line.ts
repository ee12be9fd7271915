import { LIMITS } from '@darkroom/contracts/limits'
import type { ForeignRow } from '@darkroom/infra/database/foreign-database'
import { normalizeReferences } from '../lines/normalize-references.ts'
import { parseNestedJson } from '../lines/parse-json.ts'
import { isObject } from '../lines/values.ts'
import { OUTPUT_FIELDS, PARAMETER_FIELDS, toPlainName } from './fields.ts'
import { type LocateOptions, locateImage } from './locate-image.ts'
import type { GenerationRow } from './read-rows.ts'
import { locateReferences } from './references.ts'

/** A generation with the keys of a line of `generations.jsonl`. */
export type Line = Record<string, unknown> & { id: string; outputs: LineOutput[] }

interface LineOutput {
  url?: string
  file?: string
  width: string | null
  height: string | null
  favourite: boolean
}

const TRUE = /^(t|true|y|yes|1)$/i
const VIDEO = /video|movie|clip|animat|mp4|webm|vid$|^mov$/i
const VIDEO_FILE = /\.(mp4|webm|mov|m4v)([?#]|$)/i
/** Names of a generation's columns and of an output's that have its mark, when they are items of a JSON column. */
const OUTPUT_NAMES = new Map(
  Object.entries(OUTPUT_FIELDS).flatMap(([field, names]) => names.map(name => [name, field] as const)),
)

/**
 * Converts a generation of the other database to the lines that import it: one, or several where it has more outputs than a generation
 * has here.
 *
 * @throws RecordError
 */
export async function toLines(row: GenerationRow, options: LocateOptions): Promise<Line[]> {
  const { values } = row
  const ownOutputs = listOwnOutputs(values)
  const given = normalizeReferences(parseParameters(values), options.unknownKeys)
  const parameters = await locateReferences(given, options)
  const outputs = markFavourite(await locateOutputs(row.outputs, ownOutputs, options), values)
  const line = {
    prompt: values.prompt,
    model: values.model,
    kind: findKind(values, [...row.outputs, ...ownOutputs]),
    status: values.status,
    error: parseError(values.error),
    createdAt: values.createdAt,
    completedAt: values.completedAt,
    parameters,
  }
  const present = Object.fromEntries(Object.entries(line).filter(([, value]) => value !== null && value !== undefined))
  return splitOutputs(outputs).map((part, index) => ({
    ...present,
    id: index === 0 ? row.id : `${row.id}#${index + 1}`,
    outputs: part,
  }))
}

function splitOutputs(outputs: LineOutput[]): LineOutput[][] {
  const count = Math.max(1, Math.ceil(outputs.length / LIMITS.outputs))
  return Array.from({ length: count }, (_, index) =>
    outputs.slice(index * LIMITS.outputs, (index + 1) * LIMITS.outputs),
  )
}

/** Returns the outputs that a generation has in its own row: in a column of JSON or an array, or a single address. */
function listOwnOutputs(values: ForeignRow): ForeignRow[] {
  const list = parseValue(values.outputs)
  const items = Array.isArray(list) ? list : list === undefined || list === null ? [] : [list]
  const own = items.filter(item => item !== null).map(toOutputRow)
  return values.output ? [{ url: values.output }, ...own] : own
}

function toOutputRow(given: unknown): ForeignRow {
  const item = typeof given === 'string' && /^\s*\{/.test(given) ? parseNestedJson(given) : given
  if (!isObject(item)) return { url: typeof item === 'string' ? item : null }
  const row: ForeignRow = {}
  for (const [key, value] of Object.entries(item)) {
    const field = OUTPUT_NAMES.get(toPlainName(key))
    if (field !== undefined && value !== null && typeof value !== 'object') row[field] ??= String(value)
  }
  return row
}

/**
 * Finds the outputs of a generation, each once: some systems keep them in a table and in a column of the generation. The table, which has
 * more to say, comes first; an output that is deleted in it is not taken from the column.
 */
async function locateOutputs(
  tableRows: readonly ForeignRow[],
  ownRows: readonly ForeignRow[],
  options: LocateOptions,
): Promise<LineOutput[]> {
  const found = new Map<string, LineOutput>()
  const deleted = new Set<string>()
  for (const [index, { url = null, path = null, bucket = null, ...row }] of [...tableRows, ...ownRows].entries()) {
    const location = await locateImage({ url, path, bucket }, options)
    const key = JSON.stringify(location)
    if (isDeleted(row.deletedAt)) {
      options.leftOut.add('outputs that are deleted there')
      if (!('missing' in location)) deleted.add(key)
    } else if ('missing' in location) options.leftOut.add(`outputs ${location.missing}`)
    else if (index < tableRows.length || !deleted.has(key))
      found.set(key, mergeOutputs(found.get(key), { ...location, ...describeOutput(row) }))
  }
  return [...found.values()]
}

/** Merges what is known of one output from two places. */
function mergeOutputs(known: LineOutput | undefined, other: LineOutput): LineOutput {
  if (!known) return other
  const [width, height] = [known.width ?? other.width, known.height ?? other.height]
  return { ...known, width, height, favourite: known.favourite || other.favourite }
}

/** Marks the first output where the whole generation has a mark. */
function markFavourite(outputs: LineOutput[], { favourite }: ForeignRow): LineOutput[] {
  const [first] = outputs
  if (first && isTrue(favourite) && !outputs.some(output => output.favourite)) first.favourite = true
  return outputs
}

function describeOutput({ width = null, height = null, favourite }: ForeignRow) {
  return { width, height, favourite: isTrue(favourite) }
}

/** Returns the kind by the word that the row has for it, else by its outputs. Words that are not known count as an image. */
function findKind({ kind }: ForeignRow, outputs: readonly ForeignRow[]): 'image' | 'video' {
  if (kind) return VIDEO.test(kind) ? 'video' : 'image'
  const isVideo = outputs.some(
    output => VIDEO.test(output.kind ?? '') || VIDEO_FILE.test(output.url ?? output.path ?? ''),
  )
  return isVideo ? 'video' : 'image'
}

/** Returns the parameters with the columns that have the same meaning. What is no JSON object is kept under a key of its own. */
function parseParameters(values: ForeignRow): Record<string, unknown> {
  const parsed = parseValue(values.parameters)
  const parameters = isObject(parsed) ? parsed : parsed === undefined || parsed === null ? {} : { value: parsed }
  const columns = Object.keys(PARAMETER_FIELDS).flatMap(field => {
    const value = values[field]
    return value === null || value === undefined || Object.hasOwn(parameters, field)
      ? []
      : [[field, toValue(field, value)]]
  })
  return { ...parameters, ...Object.fromEntries(columns) }
}

const NUMBERS: readonly string[] = ['seed', 'resolution', 'duration', 'numOutputs']

function toValue(field: string, text: string): unknown {
  if (field === 'referenceImages') return parseValue(text)
  return NUMBERS.includes(field) && /^-?\d{1,15}(\.\d+)?$/.test(text) ? Number(text) : text
}

/** Parses JSON; text that is none stays text. @throws RecordError if it is nested too deeply or has too many values */
function parseValue(text: string | null | undefined): unknown {
  if (text === null || text === undefined) return undefined
  if (!/^\s*[[{"]/.test(text)) return text === 'null' || text.trim() === '' ? null : text
  return parseNestedJson(text)
}

function parseError(error: string | null | undefined): unknown {
  const parsed = parseValue(error)
  return isObject(parsed) || typeof parsed === 'string' ? parsed : undefined
}

function isTrue(text: string | null | undefined): boolean {
  return TRUE.test(text ?? '')
}

/** Returns whether a mark of a deletion is set: a time, or a yes. */
export function isDeleted(text: string | null | undefined): boolean {
  return text !== null && text !== undefined && !/^(f|false|n|no|0|)$/i.test(text)
}
