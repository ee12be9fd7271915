import type { ShownPreview } from '../shown-preview.ts'

/** The previews of one output, in its tile. */
export interface PreviewLayer {
  /** Shows a preview over the one before, once it is decoded. An older one is ignored, and any after the output is made. */
  show(preview: Pick<ShownPreview, 'sequence' | 'image'>): Promise<void>
}

/** Duration of the fades in `live-preview.css`, and a frame more. */
const FADE_MS = 220

/**
 * Creates the layer of a tile. It lies over the output's own image until that is decoded: there is no moment without an image.
 *
 * @param host the element of the layer; the state of the output is that of its parent
 */
export function createPreviewLayer(host: HTMLElement): PreviewLayer {
  const tile = host.parentElement
  let latest = -1

  const isMaking = () => tile?.dataset.state === 'pending' || tile?.dataset.state === 'saving'

  function clear() {
    host.replaceChildren()
    delete host.dataset.leaving
  }

  /** Uncovers the output, which is made. */
  async function leave() {
    const output = tile?.querySelector<HTMLImageElement>('.picture > img')
    await output?.decode().catch(() => {})
    if (isMaking()) return
    host.dataset.leaving = 'true'
    setTimeout(() => !isMaking() && clear(), FADE_MS)
  }

  function onState() {
    if (host.childElementCount === 0 || isMaking()) return
    if (tile?.querySelector('.picture')) void leave()
    else clear()
  }

  if (tile) new MutationObserver(onState).observe(tile, { attributeFilter: ['data-state'] })
  return {
    show: async ({ sequence, image }) => {
      if (sequence <= latest || !isMaking()) return
      latest = sequence
      const next = await decode(image)
      if (!next || sequence !== latest || !isMaking()) return
      // One that was made again, after a retry, was uncovered before.
      delete host.dataset.leaving
      const before = host.lastElementChild
      // The one before stays where it is: its own fade would begin anew.
      while (host.firstElementChild !== before) host.firstElementChild?.remove()
      host.append(next)
      setTimeout(() => before?.remove(), FADE_MS)
    },
  }
}

/** Decodes an image. Its URL is revoked at once: the element has what it needs. */
async function decode(blob: Blob): Promise<HTMLImageElement | undefined> {
  const image = new Image()
  image.alt = ''
  image.draggable = false
  image.src = URL.createObjectURL(blob)
  try {
    await image.decode()
    return image
  } catch {
    return undefined
  } finally {
    URL.revokeObjectURL(image.src)
  }
}
