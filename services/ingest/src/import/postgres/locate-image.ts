import { lstat, realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { decodePercent } from '@darkroom/infra/http/decode-percent'
import { toUndefinedIfMissing } from '@darkroom/infra/runtime/error-code'
import { isDataUrl } from '../../references/data-url.ts'
import { findBareImage } from '../lines/bare-base64.ts'
import type { NameCounts } from '../notes.ts'
import { RecordError } from '../record.ts'

/** Address of an image as another system has it. */
export interface ImagePointer {
  url: string | null
  path: string | null
  bucket: string | null
}

/** Place that an image is found at: at an address or as text, in the folder, or nowhere, for a reason. */
export type ImageLocation = { url: string } | { file: string } | { missing: string }

/** Places in which images are looked up. */
export interface ImageOptions {
  /** Folder that mirrors the storage of the other system; null if there is none. */
  files: string | null
  /** Address of an object of a bucket, with `{path}` and perhaps `{bucket}`; null if none is given. */
  bucketUrl: string | null
}

export interface LocateOptions extends ImageOptions {
  /** Counts of what is left out, by reason. */
  leftOut: NameCounts
  /** Counts of keys that are dropped. */
  unknownKeys: NameCounts
}

/** A shorter name, as `0.png`, may be that of many pictures. */
const MIN_LONE_NAME = 16
const MAX_SEGMENTS = 32

/** Parses the address of a bucket's objects. @throws RecordError */
export function parseBucketUrl(text: string): string {
  const address = text.includes('{path}') ? text : `${text.replace(/\/$/, '')}/{path}`
  const example = address.replaceAll('{path}', 'a').replaceAll('{bucket}', 'b')
  if (/^https?:\/\/[^{}]+\//i.test(example) && URL.canParse(example)) return address
  throw new RecordError(
    '--bucket is the address of its objects, as https://host/storage/v1/object/public/{bucket}/{path}',
  )
}

/**
 * Finds a picture: as text; in the folder, by the end of its path; in the bucket; at its address. What was named by an option counts
 * before an address, which may be good no more.
 */
export async function locateImage(pointer: ImagePointer, options: ImageOptions): Promise<ImageLocation> {
  const given = pointer.url?.trim() || null
  const url = given === null ? null : (findBareImage(given) ?? given)
  if (url !== null && isDataUrl(url)) return { url }
  const object = toObject(pointer, url)
  const file = options.files === null ? undefined : await findFile(options.files, listPaths(pointer, url))
  if (file !== undefined) return { file }
  if (object && options.bucketUrl !== null && hasBucket(object, options.bucketUrl))
    return { url: buildObjectUrl(options.bucketUrl, object) }
  if (url !== null && /^(https?:)?\/\/./i.test(url)) return { url: url.startsWith('//') ? `https:${url}` : url }
  return { missing: describeMissing(pointer, url, { object, bucketUrl: options.bucketUrl }) }
}

function toObject({ path, bucket }: ImagePointer, url: string | null): { bucket: string; path: string } | undefined {
  const [, name = '', key] = /^(?:s3|gs):\/\/([^/]+)\/(.+)$/i.exec(url ?? '') ?? []
  const object =
    key === undefined
      ? { bucket: bucket?.trim() ?? '', path: path?.trim().replace(/^\/+/, '') ?? '' }
      : { bucket: name, path: key }
  // An address with `..` would leave the bucket.
  const isInside = !`${object.bucket}/${object.path}`.split(/[/\\]/).includes('..')
  return object.path !== '' && isInside && !/^[a-z][a-z0-9+.-]*:/i.test(object.path) ? object : undefined
}

/** Returns whether an object names its bucket, where its address has one. */
function hasBucket({ bucket }: { bucket: string }, template: string): boolean {
  return bucket !== '' || !template.includes('{bucket}')
}

function buildObjectUrl(template: string, { bucket, path }: { bucket: string; path: string }): string {
  const encode = (text: string) => text.split('/').map(encodeURIComponent).join('/')
  return template.replaceAll('{bucket}', () => encode(bucket)).replaceAll('{path}', () => encode(path))
}

/** Lists the paths that a picture may have in the folder. */
function listPaths({ path, bucket }: ImagePointer, url: string | null): string[] {
  const ofUrl = url === null ? [] : [url.replace(/^[a-z][a-z0-9+.-]*:/i, '').replace(/[?#].*$/s, '')]
  const ofPath = path?.trim() ? [[bucket?.trim(), path.trim()].filter(Boolean).join('/')] : []
  return [...ofPath, ...ofUrl]
}

/** Finds the longest end of one of the paths that is a file of the folder. A name alone counts if it is long enough to be the only one. */
async function findFile(folder: string, paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const segments = path.split('/').map(decodePercent).filter(isName).slice(-MAX_SEGMENTS)
    for (let start = 0; start < segments.length; start++) {
      const isAlone = start === segments.length - 1 && segments.length > 1
      if (isAlone && (segments.at(-1)?.length ?? 0) < MIN_LONE_NAME) break
      const file = segments.slice(start).join('/')
      if (await isFileWithin(folder, file)) return file
    }
  }
  return undefined
}

function isName(segment: string): boolean {
  return segment !== '' && segment !== '.' && segment !== '..' && !/[/\\\0]/.test(segment)
}

async function isFileWithin(folder: string, file: string): Promise<boolean> {
  const path = await realpath(join(folder, file)).catch(toUndefinedIfAbsent)
  if (path === undefined || !path.startsWith((await realpath(folder)) + sep)) return false
  return (await lstat(path)).isFile()
}

/** Returns undefined as well where a part of the path is a file, or the name too long for one. */
function toUndefinedIfAbsent(error: unknown): undefined {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return ['ENOTDIR', 'ENAMETOOLONG', 'ELOOP', 'EACCES'].includes(code) ? undefined : toUndefinedIfMissing(error)
}

function describeMissing(
  pointer: ImagePointer,
  url: string | null,
  { object, bucketUrl }: { object: object | undefined; bucketUrl: string | null },
): string {
  if (url === null && !pointer.path?.trim()) return 'without an address'
  const [, scheme] = /^([a-z][a-z0-9+.-]*):/i.exec(url ?? '') ?? []
  if (object && bucketUrl !== null) return 'at a path without a bucket, which --bucket has a place for'
  if (scheme !== undefined && object === undefined) return `at an address that begins with ${scheme.toLowerCase()}:`
  return 'at a path that leads nowhere without --files or --bucket'
}
