import { formatDownloadName } from '@darkroom/contracts/history/download-name'
import type { MediaItem } from './gallery.ts'

/** Returns the file name for a download: the words of the prompt, the output's number, its type. */
export function formatFileName({ generation, output }: MediaItem): string {
  return formatDownloadName(generation.prompt, output)
}
