import { LIMITS } from './limits.ts'

export type Scalar = string | number | boolean

/** What everybody who may see a generation may see of its parameters. Whatever is not named here is not shown. */
export interface PublicParameters {
  aspectRatio?: string
  numOutputs?: number
  resolution?: number | string
  duration?: number
  seed?: number
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

/** Rises with each change of the rule: `bun run migrate` then applies it to what was kept by an older one. */
export const SANITIZER_VERSION = 1

type Rule<T> = (value: unknown) => T | undefined

/**
 * One rule a key. An allowlist and not a blocklist: what a blocklist forgets is shown to everyone, what this forgets is
 * merely missing. Each kept field is checked for its own type and size, so that no key can smuggle a picture in.
 */
const RULES: { [K in keyof PublicParameters]-?: Rule<NonNullable<PublicParameters[K]>> } = {
  aspectRatio: matching(/^\d{1,3}:\d{1,3}$/),
  numOutputs: integer(1, LIMITS.outputs),
  resolution: value => integer(1, 65_536)(value) ?? matching(/^[A-Za-z0-9 .:_-]{1,32}$/)(value),
  duration: number(0, 86_400),
  seed: integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
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
 * The one rule that decides what of a generation's parameters is public. It keeps own keys of the allowlist whose value has
 * the right type and size, and nothing else; no string that it keeps contains `data:` or `;base64,` in any letter case.
 *
 * @param parameters anything: a submission, an old row, something hostile
 * @returns a new object that shares nothing with what was given; sanitizing it again gives the same
 */
export function sanitizeParameters(parameters: unknown): PublicParameters {
  if (!isRecord(parameters)) return {}
  const kept = Object.entries(RULES).flatMap(([key, rule]) => {
    const value = Object.hasOwn(parameters, key) ? rule(parameters[key]) : undefined
    return value === undefined ? [] : [[key, value]]
  })
  return Object.fromEntries(kept)
}

/**
 * The address of a reference image if it may be kept: one of ours (`/media/…`) or plain http(s), at most 2,048 ASCII
 * characters, without `..`.
 */
export function parseReferenceUrl(value: unknown): string | undefined {
  if (hasPathTraversal(value)) return undefined
  const url = matching(REFERENCE_URL)(value)
  return url !== undefined && url.length <= LIMITS.urlCharacters ? url : undefined
}

/** Whether a text carries, or pretends to carry, an embedded file. */
export function hasEmbeddedFile(value: string): boolean {
  return EMBEDDED_FILE.test(value)
}

/** Whether Postgres can keep the text as it is: no NUL, no half of a surrogate pair. */
export function isStorable(value: string): boolean {
  return !value.includes('\0') && value.isWellFormed()
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
  const kept = names.slice(0, MAX_SETTINGS).flatMap(name => {
    const scalar = settingValue(value[name])
    return scalar === undefined ? [] : [[name, scalar] as const]
  })
  return Object.fromEntries(kept)
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

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
