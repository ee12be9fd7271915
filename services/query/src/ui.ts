import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** The files of the built web UI by URL path. No other file can be served. */
export type Ui = Map<string, { file: string; immutable: boolean }>

const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Lists the files of a built UI. @param folder of the build; an empty or missing one gives an empty UI */
export async function loadUi(folder: string): Promise<Ui> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
  const ui: Ui = new Map(
    files.map(file => {
      const path = file.slice(folder.length).replaceAll('\\', '/')
      return [path, { file, immutable: path.startsWith('/assets/') }]
    }),
  )
  const page = ui.get('/index.html')
  if (page) ui.set('/', page)
  return ui
}

/** Returns the response for a file of the UI; undefined for any other path. */
export function serveUi(ui: Ui, path: string): Response | undefined {
  const found = ui.get(path)
  if (!found) return undefined
  return new Response(Bun.file(found.file), {
    headers: {
      'cache-control': found.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
      'content-security-policy': CONTENT_SECURITY_POLICY,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
  })
}
