import type { ShownPreview } from '../shown-preview.ts'
import { createPreviewLayer, type PreviewLayer } from './preview-layer.ts'

/** Shows previews in the tiles of the outputs that are being made. */
export interface PreviewLayers {
  /** Shows a preview, if its output is on the page. */
  show(preview: ShownPreview): void
}

/** Creates the layers of a page. Those of rows that leave the page go with them. */
export function createPreviewLayers(page: ParentNode): PreviewLayers {
  const layers = new WeakMap<Element, PreviewLayer>()

  function layerOf(host: HTMLElement): PreviewLayer {
    const known = layers.get(host)
    if (known) return known
    const layer = createPreviewLayer(host)
    layers.set(host, layer)
    return layer
  }

  return {
    show: preview => {
      const row = `article[data-generation-id="${CSS.escape(preview.id)}"]`
      const host = page.querySelector<HTMLElement>(`${row} .live-preview[data-index="${Number(preview.index)}"]`)
      if (host) void layerOf(host).show(preview)
    },
  }
}
