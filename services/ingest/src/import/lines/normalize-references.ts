import type { NameCounts } from '../notes.ts'
import { findBareImage } from './bare-base64.ts'
import { REFERENCE_ALIASES } from './known-keys.ts'
import { parseNestedJson } from './parse-json.ts'
import { isObject } from './values.ts'

type Parameters = Record<string, unknown>

const KEYS: ReadonlyMap<string, string> = new Map(
  Object.entries(REFERENCE_ALIASES).flatMap(([key, names]) => names.map(name => [name, key] as const)),
)
/** Keys of objects that have the address of a reference, the likeliest first. */
const ADDRESS_KEYS = ['url', 'imageUrl', 'image_url', 'fileUrl', 'file_url', 'src', 'dataUrl', 'data', 'base64']
const ADDRESS = /^\s*(?:https?:|data:|\/)/i

/**
 * Returns parameters whose references have the names and the form that they have here: a text each. Other systems call them
 * `reference_images`, have one where several may be, or an object with an address for each, whose other keys are counted.
 */
export function normalizeReferences(parameters: Parameters, unknownKeys: NameCounts): Parameters {
  const entries = Object.entries(parameters).map(([given, value]): [string, unknown] => {
    const key = KEYS.get(given.toLowerCase().replaceAll(/[_-]/g, ''))
    if (key === undefined || (key !== given && Object.hasOwn(parameters, key))) return [given, value]
    return [key, normalizeValue(key, value, unknownKeys)]
  })
  return Object.fromEntries(entries)
}

function normalizeValue(key: string, value: unknown, unknownKeys: NameCounts): unknown {
  const toText = (item: unknown) => toAddress(item, key, unknownKeys)
  if (key === 'referenceImage' || key === 'referenceImageUrl') return toText(value)
  if (key !== 'referenceImages') return value
  const list = typeof value === 'string' && /^\s*\[/.test(value) ? parseNestedJson(value) : value
  if (Array.isArray(list)) return list.map(toText)
  return list === null || list === '' ? [] : [toText(list)]
}

/** Returns the address of a reference that is an object, and the data URL of one that is base64 alone; other values stay as they are. */
function toAddress(value: unknown, parent: string, unknownKeys: NameCounts): unknown {
  if (typeof value === 'string') return findBareImage(value) ?? value
  if (!isObject(value)) return value
  const found = ADDRESS_KEYS.map(key => [key, value[key]] as const).find(([, text]) => isAddress(text))
  if (found === undefined) return value
  for (const key of Object.keys(value)) if (key !== found[0]) unknownKeys.add(`${parent}.${key}`)
  return toAddress(found[1], parent, unknownKeys)
}

function isAddress(value: unknown): boolean {
  return typeof value === 'string' && (ADDRESS.test(value) || findBareImage(value) !== undefined)
}
