import { z } from 'zod'
import type { ProviderOutput } from '../adapter.ts'

/** A file that a node has written: in the folder of outputs, or in that of temporary files. */
const OutputFile = z.looseObject({
  filename: z.string().min(1).max(500),
  subfolder: z.string().max(500).catch(''),
  type: z.string().max(20).catch('output'),
})
type OutputFile = z.infer<typeof OutputFile>

/** The files of a prompt, by the ids of their nodes, and by their kinds: images, gifs, video. What is none is left out. */
export const OutputFiles = z.record(z.string(), z.record(z.string(), z.unknown()).catch({}))
export type OutputFiles = z.infer<typeof OutputFiles>

/** Kinds of files that are outputs of a generation. */
const KINDS = ['images', 'gifs', 'video', 'videos'] as const

/** Folder of the outputs of the studio on the server. */
const FOLDER = 'darkroom'

/** Returns the beginning of the names of a prompt's files. They are numbered behind it. */
export function createFilePrefix(promptId: string): string {
  return `${FOLDER}/${promptId}`
}

/** Returns the outputs of a prompt, in the order of its files: those that are saved, else temporary ones. */
export function toOutputs(baseUrl: string, indices: readonly number[], files: OutputFiles): ProviderOutput[] {
  const all = listFiles(files)
  const saved = all.filter(({ type }) => type === 'output')
  const shown = saved.length > 0 ? saved : all
  return indices.flatMap((index, position) => {
    const file = shown[position]
    return file ? [createFileOutput(baseUrl, index, toViewPath(file))] : []
  })
}

/** Returns the path of a prompt's file, whether or not it is there. @param number of the file, from 1 */
export function getFilePath(promptId: string, number: number, extension: string): string {
  const filename = `${promptId}_${String(number).padStart(5, '0')}_.${extension}`
  return toViewPath({ filename, subfolder: FOLDER, type: 'output' })
}

export function createFileOutput(baseUrl: string, index: number, path: string): ProviderOutput {
  return { index, kind: 'url', url: `${baseUrl.replace(/\/+$/, '')}${path}`, expiresAt: null, needsAuth: true }
}

function listFiles(files: OutputFiles): OutputFile[] {
  return Object.values(files).flatMap(node =>
    KINDS.flatMap(kind => (Array.isArray(node[kind]) ? node[kind] : [])).flatMap(
      file => OutputFile.safeParse(file).data ?? [],
    ),
  )
}

function toViewPath({ filename, subfolder, type }: OutputFile): string {
  return `/view?${new URLSearchParams({ filename, subfolder, type })}`
}
