import { type Accessor, createEffect, createMemo, createSignal, on } from 'solid-js'
import { type Comparison, mediaId } from '../compare/comparison.ts'
import type { MediaItem } from '../gallery.ts'
import { createElementSize } from '../zoom/element-size.ts'
import { createGestures } from '../zoom/gestures.ts'
import type { Point, Size } from '../zoom/zoom.ts'
import { createZoomState } from '../zoom/zoom-state.ts'

export interface StageOptions {
  media: Accessor<MediaItem | undefined>
  comparison: Comparison
  onSwipe: (step: 1 | -1) => void
}

export type Stage = ReturnType<typeof createStage>

/** Part of an output that could not be loaded: its original, whose preview is shown instead, or both. */
export type FailedPart = 'original' | 'all'

/** An image whose size is not known yet. */
const UNKNOWN_SIZE: Size = { width: 1_024, height: 1_024 }
/** Between two images side by side, in CSS pixels. */
const PANE_GAP = 8

/** Creates the stage: the part of the lightbox in which the output is, its zoom and the gestures on it. */
export function createStage({ media, comparison, onSwipe }: StageOptions) {
  const [size, mountSize] = createElementSize()
  const [fileSize, setFileSize] = createSignal<{ id: string; size: Size } | null>(null)
  const [video, setVideo] = createSignal<HTMLVideoElement>()
  const [failure, setFailure] = createSignal<{ id: string; part: FailedPart } | null>(null)
  let element: HTMLElement | undefined
  const main = createMemo(() => comparison.pair()?.a ?? media())
  const isLoaded = () => fileSize()?.id === idOf(main())
  const image = createMemo(() => {
    const read = fileSize()
    return read && read.id === idOf(main()) ? read.size : outputSize(main())
  })
  const isSideBySide = () => comparison.pair() !== null && comparison.mode() === 'side'
  const isStacked = () => size().height > size().width
  const viewport = createMemo(() => (isSideBySide() ? paneSize(size(), isStacked()) : size()))
  const zoom = createZoomState({ image, viewport })
  createEffect(on(() => idOf(media()), zoom.reset, { defer: true }))
  createEffect(on(isSideBySide, zoom.reset, { defer: true }))

  /** Returns the middle of the stage, or of the pane that a point lies in, in CSS pixels of the page. */
  function middleOf({ x, y }: Point): Point {
    const box = element?.getBoundingClientRect() ?? new DOMRect()
    const pane = viewport()
    const offset = {
      x: box.left + (isSideBySide() && !isStacked() && x > box.left + box.width / 2 ? pane.width + PANE_GAP : 0),
      y: box.top + (isSideBySide() && isStacked() && y > box.top + box.height / 2 ? pane.height + PANE_GAP : 0),
    }
    return { x: offset.x + pane.width / 2, y: offset.y + pane.height / 2 }
  }

  const isZoomable = () => media()?.output.kind === 'image'
  return {
    ...{ zoom, main, isLoaded, isStacked, isZoomable, video, setVideo },
    gestures: createGestures({ zoom, isZoomable, middleOf, onSwipe }),
    mount: (mounted: HTMLElement) => {
      element = mounted
      mountSize(mounted)
    },
    /** Returns what of the shown output could not be loaded; undefined if nothing failed. */
    failedPart: () => (failure()?.id === idOf(main()) ? failure()?.part : undefined),
    setFailed: (part: FailedPart) => {
      const id = idOf(main())
      if (id) setFailure({ id, part })
    },
    /** Loads the shown output again after it failed. */
    retry: () => setFailure(null),
    /** Takes the size of the shown file, in pixels: it counts, if the studio had another one. */
    setFileSize: (fileSizeRead: Size) => {
      const id = idOf(main())
      if (id) setFileSize({ id, size: fileSizeRead })
    },
  }
}

function idOf(media: MediaItem | undefined): string | undefined {
  return media && mediaId(media)
}

function outputSize(media: MediaItem | undefined): Size {
  const { width, height } = media?.output ?? {}
  return width && height ? { width, height } : UNKNOWN_SIZE
}

function paneSize({ width, height }: Size, isStacked: boolean): Size {
  return isStacked ? { width, height: (height - PANE_GAP) / 2 } : { width: (width - PANE_GAP) / 2, height }
}
