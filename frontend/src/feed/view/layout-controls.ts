import type { Density } from '../row-layout.ts'
import type { LayoutSource } from './layout-source.ts'

export interface LayoutControlsDeps {
  source: Omit<LayoutSource, 'compute'>
  /** Updates the feed. With a key, the top of that row stays where it is. */
  update: (anchorKey?: string) => void
}

/** Creates the controls of the layout: each changes an input of it, and updates the feed. */
export function createLayoutControls({ source, update }: LayoutControlsDeps) {
  function onResize() {
    source.updateGeometry()
    update()
  }

  /** Sets the size of the images. The page stays at the same position of the same row. */
  function setDensity(density: Density) {
    source.setDensity(density)
    update()
  }

  /** Sets the height of the composer at the bottom of the page, in CSS pixels. */
  function setBottom(pixels: number) {
    if (source.setBottom(pixels)) update()
  }

  /** Sets the height of the header, in CSS pixels. It covers more or less of the rows, which stay where they are. */
  function setHeaderHeight(pixels: number) {
    if (source.setHeaderHeight(pixels)) update()
  }

  /** Shows a row's whole prompt, with its height in CSS pixels, or only its beginning with null. The row's top stays where it is. */
  function setPromptHeight(key: string, height: number | null) {
    source.setPromptHeight(key, height)
    update(key)
  }

  return { onResize, setDensity, setBottom, setHeaderHeight, setPromptHeight, isPromptOpen: source.isPromptOpen }
}
