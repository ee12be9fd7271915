import { LIMITS } from '@darkroom/contracts/limits'
import { isStorable } from '@darkroom/contracts/parameters'
import { isDataUrl } from '../../references/data-url.ts'
import type { NameCounts } from '../notes.ts'
import { RecordError, type RecordOutput } from '../record.ts'
import { findBareImage } from './bare-base64.ts'
import { type LineValues, type OutputValues, pickOutputValues } from './known-keys.ts'
import { parseNestedJson } from './parse-json.ts'
import { isObject, toOptionalText } from './values.ts'

/** Longest address. */
const MAX_URL = 8_192
const MAX_PIXELS = 100_000
type Location = Pick<RecordOutput, 'url' | 'file' | 'dataUrl'>

const TRUE_VALUES: readonly unknown[] = [true, 1, 'true', 't', '1', 'yes', 'y']

/** Parses the outputs of a line: a list, one, or an address beside the other keys. @throws RecordError */
export function parseOutputs(values: LineValues, unknownKeys: NameCounts): RecordOutput[] {
  const list = listOutputs(values)
  if (list.length > LIMITS.outputs) throw new RecordError(`outputs: are more than ${LIMITS.outputs}`)
  return list.map((item, index) => {
    const output = typeof item === 'string' ? { url: item } : isObject(item) ? pickOutputValues(item, unknownKeys) : {}
    const { width, height, favourite = values.favourite } = output
    const isSized = width !== undefined || height !== undefined
    return {
      ...parseLocation(output, `outputs.${index}`),
      width: toPixels(isSized ? width : values.width),
      height: toPixels(isSized ? height : values.height),
      isFavourite: TRUE_VALUES.includes(typeof favourite === 'string' ? favourite.trim().toLowerCase() : favourite),
    }
  })
}

/** Returns the outputs of a line. One that is null is none. */
function listOutputs({ outputs: given, url, file }: LineValues): unknown[] {
  const outputs = parseText(given)
  if (outputs === undefined) return url === undefined && file === undefined ? [] : [{ url, file }]
  if (Array.isArray(outputs)) return outputs.filter(output => output !== null).map(parseText)
  if (typeof outputs === 'string' || isObject(outputs)) return [outputs]
  throw new RecordError('outputs: is not a list')
}

/** Returns the list or the object that a text is, as exports of tables have them. Other values stay as they are. */
function parseText(value: unknown): unknown {
  return typeof value === 'string' && /^\s*[[{]/.test(value) ? parseNestedJson(value) : value
}

/** Finds out where an output is: an image in the address itself is at hand, and a file is nearer than the address where others find it. */
function parseLocation({ url, file, name }: OutputValues, path: string): Location {
  const address = toOptionalText(url, `${path}.url`)?.trim() || undefined
  const fileName = toOptionalText(file, `${path}.file`) || (address ? undefined : toOptionalText(name, `${path}.name`))
  if (address !== undefined && (!fileName || findDataUrl(address) !== undefined))
    return parseAddress(address, `${path}.url`, /./)
  if (!fileName) throw new RecordError(`${path}: has neither a url nor a file`)
  const named = parseAddress(fileName, `${path}.file`, /^(?:https?|data|file)$/i)
  const isRemote = address !== undefined && named.file !== null && /^(?:https?:)?\/\//i.test(address)
  return isRemote ? { ...named, url: parseAddress(address, `${path}.url`, /./).url } : named
}

function findDataUrl(address: string): string | undefined {
  return isDataUrl(address) ? address.trim() : findBareImage(address)
}

/** Parses an address, or a name: only what is one of the schemes is an address then. */
function parseAddress(address: string, path: string, schemes: RegExp): Location {
  const dataUrl = findDataUrl(address)
  if (dataUrl !== undefined) return { url: null, file: null, dataUrl }
  if (!isStorable(address)) throw new RecordError(`${path}: has a character that cannot be stored`)
  if (address.length > MAX_URL) throw new RecordError(`${path}: is longer than ${MAX_URL} characters`)
  const [, scheme = ''] = /^([a-z][a-z0-9+.-]+):/i.exec(address) ?? []
  if (address.startsWith('//')) return { url: parseUrl(`https:${address}`, path), file: null }
  if (/^https?$/i.test(scheme)) return { url: parseUrl(address, path), file: null }
  if (schemes.test(scheme) && !/^file$/i.test(scheme))
    throw new RecordError(`${path}: is an address that begins with ${scheme}:, which is not read`)
  return { url: null, file: address }
}

function parseUrl(address: string, path: string): string {
  if (!URL.canParse(address)) throw new RecordError(`${path}: is not an address`)
  return address
}

/** Returns a number of pixels; null for what no image has: exports write 0 where they do not know. */
function toPixels(value: unknown): number | null {
  const pixels = typeof value === 'string' && /^\d{1,6}$/.test(value.trim()) ? Number(value) : value
  return Number.isInteger(pixels) && Number(pixels) > 0 && Number(pixels) <= MAX_PIXELS ? Number(pixels) : null
}
