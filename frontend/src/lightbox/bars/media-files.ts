import { canRemoveMetadata } from '@darkroom/contracts/history/download-metadata'
import type { MediaItem } from '../gallery.ts'
import { formatFileName } from '../media-file-name.ts'

/** Returns the address of an output's file for a download. A temporary output is only at the provider, as it is. */
function downloadUrl({ generation, output, index, url }: MediaItem, metadata: 'as-is' | 'none'): string {
  if (output.state === 'temporary') return url
  return `/api/download/${generation.id}/${index}${metadata === 'none' ? '?metadata=none' : ''}`
}

/** Returns whether an output can be downloaded without metadata: what the studio has, of a type that it can write so. */
export function canClean({ output }: MediaItem): boolean {
  return output.state === 'stored' && canRemoveMetadata(output.mimeType)
}

/** Starts the download of an output's file. The studio names it, and this name is for those that it does not. */
export function download(media: MediaItem, metadata: 'as-is' | 'none'): void {
  const link = document.createElement('a')
  link.href = downloadUrl(media, metadata)
  link.download = formatFileName(media)
  link.click()
}

/** Opens an output's file in a new tab. */
export function openOriginal({ url }: MediaItem): void {
  window.open(url, '_blank', 'noopener')
}

/** Returns whether the browser can copy an image. It cannot where the studio is opened by plain HTTP in a network. */
export function canCopyImage({ output }: MediaItem): boolean {
  return output.kind === 'image' && window.isSecureContext && 'ClipboardItem' in window
}

/** Copies an output to the clipboard, as PNG: browsers take no other type. @returns whether it was copied */
export async function copyImage({ url }: MediaItem): Promise<boolean> {
  try {
    // The promise is given to the clipboard: the click that allows it would be too long ago once the image is there.
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': fetchPng(url) })])
    return true
  } catch {
    return false
  }
}

const DEADLINE_MS = 30_000

async function fetchPng(url: string): Promise<Blob> {
  const response = await fetch(url, { signal: AbortSignal.timeout(DEADLINE_MS) })
  const blob = await response.blob()
  if (blob.type === 'image/png') return blob
  const bitmap = await createImageBitmap(blob)
  const canvas = document.createElement('canvas')
  canvas.width = bitmap.width
  canvas.height = bitmap.height
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0)
  return await new Promise((resolve, reject) => {
    canvas.toBlob(png => (png ? resolve(png) : reject(new Error('the image cannot be converted to PNG'))))
  })
}
