import { readdir } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { type Encoding, selectEncoding } from './accept-encoding.ts'
import { isNotModified } from './conditional/conditions.ts'

/** The files of the built web UI by URL path, in memory. No other file can be served. */
export type Ui = ReadonlyMap<string, UiFile>

interface UiFile {
  type: string
  isImmutable: boolean
  /** Headers of the file alone. */
  headers: Readonly<Record<string, string>>
  etag: string
  /** The file compressed as the build has it, or as it is. What has a gzip copy is unpacked for the few that accept no copy. */
  contents: ReadonlyMap<Encoding, Uint8Array<ArrayBuffer>>
}

const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** The compressed copies that the build makes of a file: their coding and their extension, the smaller copy first. */
const COMPRESSED_COPIES = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const
/** The pages by the paths that people open, with their files. */
const PAGES = [
  ['/', '/index.html'],
  ['/openapi', '/openapi.html'],
] as const
/** Files that are of use to the build alone. */
const UNSERVED = /\.(br|gz|map)$/

/**
 * Reads the files of a built UI with their compressed copies.
 *
 * @param folder of the build; an empty or missing one gives an empty UI
 * @param documentHeaders headers of its pages
 */
export async function loadUi(folder: string, documentHeaders: Record<string, string> = {}): Promise<Ui> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
  const ui = new Map<string, UiFile>()
  for (const file of files.filter(file => !UNSERVED.test(file))) {
    const path = file.slice(folder.length).replaceAll('\\', '/')
    ui.set(path, await loadFile(file, path, documentHeaders))
  }
  for (const [path, name] of PAGES) {
    const page = ui.get(name)
    if (page) ui.set(path, page)
  }
  return ui
}

async function loadFile(file: string, path: string, documentHeaders: Record<string, string>): Promise<UiFile> {
  const content = await Bun.file(file).bytes()
  const contents = new Map<Encoding, Uint8Array<ArrayBuffer>>()
  for (const [encoding, extension] of COMPRESSED_COPIES) {
    const copy = Bun.file(`${file}${extension}`)
    if (await copy.exists()) contents.set(encoding, await copy.bytes())
  }
  if (!contents.has('gzip')) contents.set('identity', content)
  const type = extname(file) === '.webmanifest' ? 'application/manifest+json' : Bun.file(file).type
  const headers = type.startsWith('text/html') ? documentHeaders : {}
  return {
    type,
    isImmutable: path.startsWith('/assets/'),
    headers,
    etag: `W/"${Bun.hash(content).toString(36)}"`,
    contents,
  }
}

/**
 * Returns the response for a file of the UI, in the coding that the client prefers; undefined for any other path.
 *
 * @param request GET or HEAD
 */
export function serveUi(ui: Ui, request: Request): Response | undefined {
  const file = ui.get(new URL(request.url).pathname)
  if (!file) return undefined
  const encoding = selectEncoding(request.headers.get('accept-encoding'), listCopies(file))
  const headers = createHeaders(file, encoding)
  if (isNotModified(request, file)) return new Response(null, { status: 304, headers })
  const content = file.contents.get(encoding) ?? unpack(file)
  return new Response(request.method === 'HEAD' ? null : content, {
    headers: { ...headers, 'content-type': file.type, 'content-length': `${content?.byteLength}` },
  })
}

function unpack({ contents }: UiFile): Uint8Array<ArrayBuffer> | undefined {
  const copy = contents.get('gzip')
  return copy && Bun.gunzipSync(copy)
}

function listCopies({ contents }: UiFile): Encoding[] {
  return [...contents.keys()].filter(isCompressed)
}

function createHeaders(file: UiFile, encoding: Encoding): Record<string, string> {
  const { isImmutable, headers, etag } = file
  return {
    'cache-control': isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    'content-security-policy': CONTENT_SECURITY_POLICY,
    ...headers,
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    etag,
    ...(listCopies(file).length > 0 && { vary: 'accept-encoding' }),
    ...(isCompressed(encoding) && { 'content-encoding': encoding }),
  }
}

function isCompressed(encoding: Encoding): boolean {
  return encoding !== 'identity'
}
