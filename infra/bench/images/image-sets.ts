import { readFile, stat } from 'node:fs/promises'
import type { PhotographOptions } from '../kit/photograph.ts'

/** Photographs of one size. */
export interface ImageSet extends PhotographOptions {
  name: string
  /** Source of an output of this size when it is read: the processor writes those above 8 MB to a file. */
  source: 'memory' | 'file'
}

export const IMAGE_SETS: readonly ImageSet[] = [
  { name: '0.8 MB', source: 'memory', width: 1_700, height: 1_275, quality: 88, grain: 56 },
  { name: '10 MB', source: 'file', width: 5_340, height: 4_005, quality: 92, grain: 56 },
]

/** Images that are given at once. */
export const AT_ONCE = 16

/** Opens the file of an image as its set has it when it is read. @param source `file` or `memory` */
export async function openSource(path: string, source: string): Promise<Buffer | { path: string; bytes: number }> {
  return source === 'file' ? { path, bytes: (await stat(path)).size } : await readFile(path)
}
