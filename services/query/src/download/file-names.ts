import type { Kind } from '@darkroom/contracts/enums'
import { createFileStem, formatDownloadName } from '@darkroom/contracts/history/download-name'
import { mediaUrl } from '@darkroom/contracts/routes'
import type { OutputRow } from './download-rows.ts'

/** Names of the files of one ZIP. */
export interface FileNames {
  /** Returns a stem that no other generation of the ZIP has. */
  createStem(prompt: string, kind: Kind): string
}

/**
 * Creates the names of a ZIP. Generations of the same words are numbered: the second one's stem ends in `_2`. An underscore is in no
 * other stem, so that the names stay unique.
 */
export function createFileNames(): FileNames {
  const counts = new Map<string, number>()
  return {
    createStem: (prompt, kind) => {
      const stem = createFileStem(prompt, kind)
      const count = (counts.get(stem) ?? 0) + 1
      counts.set(stem, count)
      return count === 1 ? stem : `${stem}_${count}`
    },
  }
}

/** Returns the name of an output's file. */
export function nameOutput(
  prompt: string,
  output: Pick<OutputRow, 'index' | 'kind' | 'key' | 'mimeType'>,
  stem?: string,
): string {
  return formatDownloadName(prompt, { ...output, url: output.key === null ? null : mediaUrl(output.key) }, stem)
}
