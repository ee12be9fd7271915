import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { compressText } from './precompress.ts'

/** The part of Vite's manifest that names what a chunk imports. @see https://vite.dev/guide/backend-integration */
export type Manifest = Record<string, { file: string; imports?: readonly string[]; isEntry?: boolean }>

/** A script of the build. */
export interface ScriptSize {
  file: string
  /** Its size compressed by brotli, in bytes. */
  br: number
  /** Its size compressed by gzip, in bytes. */
  gz: number
  /** Whether a browser fetches it before it can show anything. */
  isFirstLoad: boolean
}

/** Measures each script of a build. @param folder of the build, which was made with a manifest */
export async function measureScripts(folder: string): Promise<ScriptSize[]> {
  const manifest: Manifest = JSON.parse(await readFile(join(folder, '.vite/manifest.json'), 'utf8'))
  const firstLoad = findFirstLoad(await readFile(join(folder, 'index.html'), 'utf8'), manifest)
  const files = new Set([...firstLoad, ...Object.values(manifest).map(({ file }) => file)])
  const scripts = [...files].filter(file => file.endsWith('.js'))
  const measure = async (file: string) => {
    const content = await readFile(join(folder, file))
    const [br, gz] = await Promise.all([compressText(content, '.br'), compressText(content, '.gz')])
    return { file, br: br.byteLength, gz: gz.byteLength, isFirstLoad: firstLoad.has(file) }
  }
  return (await Promise.all(scripts.map(measure))).toSorted((a, b) => b.br - a.br)
}

/** Finds the scripts that a document names, preloads, or reaches from these by static imports. */
export function findFirstLoad(html: string, manifest: Manifest): Set<string> {
  const named = [...html.matchAll(/<(?:script|link)\b[^>]*?\b(?:src|href)="\/([^"]+\.js)"/g)].map(
    ([, file = '']) => file,
  )
  const byFile = new Map(Object.values(manifest).map(chunk => [chunk.file, chunk]))
  const found = new Set<string>()
  const queue = [...named]
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (found.has(file)) continue
    found.add(file)
    for (const key of byFile.get(file)?.imports ?? []) queue.push(manifest[key]?.file ?? '')
  }
  found.delete('')
  return found
}

/** Returns the scripts as a table, the largest first. */
export function formatScripts(scripts: readonly ScriptSize[]): string {
  const lines = scripts.map(
    ({ file, br, gz, isFirstLoad }) =>
      `${String(br).padStart(7)} ${String(gz).padStart(7)}  ${isFirstLoad ? 'first load' : 'later     '}  ${file}`,
  )
  return ['     br      gz  when        script', ...lines].join('\n')
}
