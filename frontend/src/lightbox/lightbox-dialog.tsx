import { createSignal, Show } from 'solid-js'
import { withStyles } from '../ui/failed-styles.ts'
import { lazyPart } from '../ui/lazy-part.tsx'
import { createBackdrop } from './backdrops.ts'
import { findMedia, type MediaRef } from './gallery.ts'
import { loadLightbox } from './lightbox-loader.ts'
import type { LightboxProps } from './lightbox-props.ts'
import { createModalDialog } from './modal-dialog.ts'

const Lightbox = lazyPart(withStyles('lightbox', loadLightbox), LoadFailed, Opening)

/**
 * One output, large, over the feed, which stays as it is below and gets the focus back. The dialog opens at once, with the preview;
 * its tools are loaded when they are first needed.
 */
export function LightboxDialog(props: LightboxProps) {
  const opened: MediaRef = props.at
  let lastShown = opened
  const mountDialog = createModalDialog(() => findThumbnail(opened) ?? findThumbnail(lastShown))
  const [backdrop, setBackdrop] = createBackdrop()
  const [label, setLabel] = createSignal('Picture')
  let onEscape: (() => boolean) | undefined
  const onCancel = (event: Event) => {
    event.preventDefault()
    if (!onEscape?.()) props.onShow(null)
  }
  return (
    <dialog
      ref={mountDialog}
      class="lightbox"
      tabIndex={-1}
      aria-label={label()}
      data-backdrop={backdrop()}
      onCancel={onCancel}
    >
      <Lightbox
        {...props}
        backdrop={backdrop()}
        onBackdropChange={setBackdrop}
        onLabel={setLabel}
        onLastShown={media => {
          lastShown = media
        }}
        onEscapeKey={handler => {
          onEscape = handler
        }}
      />
    </dialog>
  )
}

/** The preview while the tools of the lightbox are loaded. */
function Opening(props: LightboxProps) {
  const media = () => findMedia(props.generationWindow.byKey.get(props.at.key), props.at.index)
  // The original will not be shown larger than it is.
  const limit = (side: number | null | undefined) => (side ? `${side / window.devicePixelRatio}px` : undefined)
  const limits = () => ({ 'max-width': limit(media()?.output.width), 'max-height': limit(media()?.output.height) })
  return (
    <div class="lightbox-opening">
      <Show when={media()?.output.previewUrl}>{url => <img src={url()} alt="" style={limits()} />}</Show>
    </div>
  )
}

/** The message if the tools cannot be loaded. A failed import is not tried again by the browser, so the document is. */
function LoadFailed() {
  return (
    <section class="lightbox-gone" role="alert">
      <p>The viewer could not be loaded. The studio may be starting again, or was updated.</p>
      <button type="button" class="on-backdrop" onClick={() => location.reload()}>
        Load again
      </button>
    </section>
  )
}

function findThumbnail({ key, index }: MediaRef): HTMLElement | null {
  return document.querySelector<HTMLElement>(`article[data-key="${key}"] [data-output-index="${index}"]`)
}
