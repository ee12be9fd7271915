import { LIMITS } from './limits.ts'

export type Scalar = string | number | boolean

/** The parameters of a generation that its workspace may see. A key that is not listed here is never shown. */
export interface PublicParameters {
  aspectRatio?: string
  numOutputs?: number
  resolution?: number | string
  duration?: number
  /** Digits where it is beyond 2^53. */
  seed?: number | string
  negativePrompt?: string
  settings?: Record<string, Scalar>
  error?: string
  referenceImageUrl?: string
  referenceImageId?: string
  referenceImagePath?: string
  referenceImageBucket?: string
  referenceImageMimeType?: string
  referenceImageChecksum?: string
  referenceImages?: string[]
}

/** Version of the rule. It rises with each change, and `bun run migrate` then sanitizes the stored parameters again. */
export const SANITIZER_VERSION = 2

type Rule<T> = (value: unknown) => T | undefined

/**
 * A rule per key. An allowlist instead of a blocklist: a key that a blocklist forgets is shown, a key that this list forgets is only
 * missing. Each value is checked for its own type and size, so no key can carry an embedded file.
 */
const RULES: { [K in keyof PublicParameters]-?: Rule<NonNullable<PublicParameters[K]>> } = {
  aspectRatio: matching(/^\d{1,3}:\d{1,3}$/),
  numOutputs: integer(1, LIMITS.outputs),
  resolution: value => integer(1, 65_536)(value) ?? matching(/^[A-Za-z0-9 .:_-]{1,32}$/)(value),
  duration: number(0, 86_400),
  seed: value => integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)(value) ?? largeSeed(value),
  negativePrompt: text(LIMITS.promptCharacters),
  settings,
  error: text(LIMITS.errorCharacters),
  referenceImageUrl: parseReferenceUrl,
  referenceImageId: matching(/^[A-Za-z0-9_-]{1,128}$/),
  referenceImagePath: value => (hasPathTraversal(value) ? undefined : matching(/^[A-Za-z0-9._/-]{1,1024}$/)(value)),
  referenceImageBucket: matching(/^[A-Za-z0-9._-]{1,255}$/),
  referenceImageMimeType: matching(/^[a-z]{1,32}\/[A-Za-z0-9.+-]{1,96}$/),
  referenceImageChecksum: matching(/^[A-Za-z0-9+/=_:-]{1,256}$/),
  referenceImages,
}

const REFERENCE_URL = /^(\/media\/[A-Za-z0-9._/-]+|https?:\/\/[A-Za-z0-9.-]+(:[0-9]+)?(\/[!-~]*)?)$/
const EMBEDDED_FILE = /data:|;base64,/i
const SETTING_NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/
const MAX_SETTINGS = 64
const MAX_REFERENCES = 64

/**
 * Returns the public part of a generation's parameters: the own keys of the allowlist whose value has the right type and size. No
 * string in it contains `data:` or `;base64,` in any letter case. No other code decides which parameters are public.
 *
 * @param parameters any value: a submission, an old row, hostile input
 * @returns a new object that shares nothing with the input; sanitizing it again changes nothing
 */
export function sanitizeParameters(parameters: unknown): PublicParameters {
  if (!isRecord(parameters)) return {}
  const entries = Object.entries(RULES).flatMap(([key, rule]) => {
    const value = Object.hasOwn(parameters, key) ? rule(parameters[key]) : undefined
    return value === undefined ? [] : [[key, value]]
  })
  return Object.fromEntries(entries)
}

/**
 * Returns the URL of a reference image if it may be stored, else undefined: a path of the store (`/media/…`) or plain http(s), at most
 * 2,048 ASCII characters, without `..`.
 */
export function parseReferenceUrl(value: unknown): string | undefined {
  if (hasPathTraversal(value)) return undefined
  const url = matching(REFERENCE_URL)(value)
  return url !== undefined && url.length <= LIMITS.urlCharacters ? url : undefined
}

/** Returns whether a text contains an embedded file, or looks as if it did. */
export function hasEmbeddedFile(value: string): boolean {
  return EMBEDDED_FILE.test(value)
}

/** Returns whether Postgres can store the text unchanged: no NUL, no lone surrogate. */
export function isStorable(value: string): boolean {
  return !value.includes('\0') && value.isWellFormed()
}

/** Returns the beginning of a text without what Postgres cannot store: no NUL, and no half of a character, of the text or of the cut. */
export function toStorableText(text: string, maxCharacters: number): string {
  return text.replaceAll('\0', '').slice(0, maxCharacters).toWellFormed()
}

function referenceImages(value: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined
  return value
    .slice(0, MAX_REFERENCES)
    .map(parseReferenceUrl)
    .filter(url => url !== undefined)
}

function settings(value: unknown): Record<string, Scalar> | undefined {
  if (!isRecord(value)) return undefined
  const names = Object.keys(value).filter(name => SETTING_NAME.test(name) && name !== 'constructor')
  const entries = names.slice(0, MAX_SETTINGS).flatMap(name => {
    const scalar = settingValue(value[name])
    return scalar === undefined ? [] : [[name, scalar] as const]
  })
  return Object.fromEntries(entries)
}

function settingValue(value: unknown): Scalar | undefined {
  if (typeof value === 'boolean') return value
  return number(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)(value) ?? text(1_000)(value)
}

function text(max: number): Rule<string> {
  return value => {
    if (typeof value !== 'string' || value.length > max) return undefined
    return isStorable(value) && !hasEmbeddedFile(value) ? value : undefined
  }
}

function matching(pattern: RegExp): Rule<string> {
  return value => (typeof value === 'string' && pattern.test(value) && !hasEmbeddedFile(value) ? value : undefined)
}

function number(min: number, max: number): Rule<number> {
  return value => {
    if (typeof value !== 'number' || !Number.isFinite(value)) return undefined
    return value >= min && value <= max ? value : undefined
  }
}

function integer(min: number, max: number): Rule<number> {
  return value => (Number.isSafeInteger(value) ? number(min, max)(value) : undefined)
}

function hasPathTraversal(value: unknown): boolean {
  return typeof value === 'string' && value.includes('..')
}

/** Returns the digits of a seed that is too large for a number: programs take seeds of 64 bits. */
function largeSeed(value: unknown): string | undefined {
  const digits = matching(/^-?[1-9]\d{15,19}$/)(value)
  return digits === undefined || Number.isSafeInteger(Number(digits)) ? undefined : digits
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
