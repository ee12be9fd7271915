import type { ShownImage } from './attachments/reference-source.ts'

const DRAG_TYPE = 'application/x-darkroom-picture'

/**
 * Writes the data of a drag that starts at an image of this page (one with `data-url`). Dropped on the page it becomes a
 * reference, elsewhere it is the image's URL.
 */
export function writeDragData(event: DragEvent): void {
  const image = event.target
  if (!(image instanceof HTMLImageElement) || image.dataset.url === undefined) return
  const { url } = image.dataset
  event.dataTransfer?.setData(DRAG_TYPE, JSON.stringify({ url, previewUrl: new URL(image.src).pathname }))
  event.dataTransfer?.setData('text/uri-list', new URL(url, location.href).href)
}

/** Checks whether an image of this page is dragged. Browsers reveal the data itself on drop only. */
export function hasDragData(transfer: DataTransfer): boolean {
  return transfer.types.includes(DRAG_TYPE)
}

/** Returns the image of this page that was dropped, undefined if it is something else. */
export function readDragData(transfer: DataTransfer): ShownImage | undefined {
  try {
    const { url, previewUrl } = JSON.parse(transfer.getData(DRAG_TYPE))
    return isMediaPath(url) && isMediaPath(previewUrl) ? { url, previewUrl } : undefined
  } catch {
    return undefined
  }
}

function isMediaPath(url: unknown): url is string {
  return typeof url === 'string' && /^\/media\/(?!.*\.\.)/.test(url)
}
