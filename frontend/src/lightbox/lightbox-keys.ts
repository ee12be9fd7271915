import { onCleanup, onMount } from 'solid-js'
import type { BarActions } from './bars/bar-props.ts'
import type { MediaItem } from './gallery.ts'
import { createKeyBindings } from './key-bindings.ts'
import type { Stage } from './stage/stage-state.ts'
import { stepFrames, togglePlay } from './zoom/video-player.ts'

export interface LightboxKeysOptions {
  media: () => MediaItem | undefined
  stage: Pick<Stage, 'zoom' | 'isZoomable' | 'video'>
  position: { showFirst: () => void; showLast: () => void }
  actions: Pick<BarActions, 'toggleFavourite' | 'addAsReference' | 'remove' | 'toggleCompare' | 'toggleDetails'>
  isComparing: () => boolean
  /** Shows the dialog with all keys. */
  showKeys: () => void
  /** Shows the previous output with -1, the next one with 1. */
  turn: (step: 1 | -1) => void
}

/** An arrow key moves an enlarged image by this, in CSS pixels. */
const PAN_PX = 80

/** Listens to the keys of the lightbox while it is open. Those of the page below do not get them. */
export function createLightboxKeys(options: LightboxKeysOptions): void {
  const onKey = createKeyBindings(listBindings(options))
  const onKeyDown = (event: KeyboardEvent) => {
    // Without the focus anywhere the keys go to the page; in a dialog above this one they are that dialog's.
    const dialog = event.target instanceof Element ? event.target.closest('dialog') : null
    if (dialog === null || dialog.classList.contains('lightbox')) onKey(event)
  }
  onMount(() => {
    document.addEventListener('keydown', onKeyDown, { capture: true })
    onCleanup(() => document.removeEventListener('keydown', onKeyDown, { capture: true }))
  })
}

function listBindings({ stage, position, actions, isComparing, showKeys, turn, media }: LightboxKeysOptions) {
  const { zoom, isZoomable, video } = stage
  const withImage = (run: () => void) => () => void (isZoomable() && run())
  const withVideo = (run: (element: HTMLVideoElement) => void) => () => {
    const element = video()
    if (element && media()?.output.kind === 'video') run(element)
  }
  const isPanned = () => isZoomable() && !zoom.isFit() && zoom.canPan()
  const turnOrPan = (step: 1 | -1) => () => {
    if (isPanned() && !isComparing()) zoom.pan({ x: -step * PAN_PX, y: 0 }, true)
    else turn(step)
  }
  const pan = (step: 1 | -1) => () => void (isPanned() && zoom.pan({ x: 0, y: -step * PAN_PX }, true))
  const zoomIn = withImage(() => zoom.step(1))
  const zoomOut = withImage(() => zoom.step(-1))
  return {
    ...{ ArrowLeft: turnOrPan(-1), ArrowRight: turnOrPan(1), ArrowUp: pan(-1), ArrowDown: pan(1) },
    ...{ Home: position.showFirst, End: position.showLast },
    ...{ '+': zoomIn, '=': zoomIn, '-': zoomOut, '0': withImage(zoom.fit), '1': withImage(zoom.actualSize) },
    ...{
      ' ': withVideo(togglePlay),
      ',': withVideo(it => stepFrames(it, -1)),
      '.': withVideo(it => stepFrames(it, 1)),
    },
    ...{ f: actions.toggleFavourite, r: withImage(actions.addAsReference), Delete: actions.remove },
    ...{ c: withImage(actions.toggleCompare), i: actions.toggleDetails, '?': showKeys },
  }
}
