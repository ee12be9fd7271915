import type { Model } from '@darkroom/contracts/model'
import { createSignal, Show } from 'solid-js'
import type { GenerationWindow } from '../store/generation-window.ts'
import { NoticeBar } from '../ui/notice-bar.tsx'
import type { Notices } from '../ui/notices.ts'
import { createBackdrop } from './backdrops.ts'
import type { MediaItem, MediaRef } from './gallery.ts'
import { createGalleryPosition } from './gallery-position.ts'
import { createKeyBindings } from './key-bindings.ts'
import { LightboxBar, type MediaActions } from './lightbox-bar.tsx'
import { LightboxDetails } from './lightbox-details.tsx'
import { MediaView } from './media-view.tsx'
import { createModalDialog } from './modal-dialog.ts'
import { NavigationButton } from './navigation-button.tsx'
import { createSwipe } from './swipe.ts'

interface LightboxProps extends MediaActions {
  at: MediaRef
  generationWindow: GenerationWindow
  modelsById: ReadonlyMap<string, Model>
  notices: Notices
  /** Shows another output, or closes the lightbox with null. */
  onShow: (media: MediaRef | null) => void
  onNearOldest: () => Promise<void>
  onNearNewest: () => Promise<void>
  onCopyPrompt: (generation: MediaItem['generation']) => Promise<void>
}

/** One output, large, over the feed. The feed stays as it is below, and gets the focus back. */
export function Lightbox(props: LightboxProps) {
  const mountDialog = createModalDialog(() => findThumbnail(position.lastShown()))
  const [backdrop, setBackdrop] = createBackdrop()
  const [isDetailsOpen, setDetailsOpen] = createSignal(false)
  const { onShow, onNearOldest, onNearNewest } = props
  const position = createGalleryPosition({
    at: () => props.at,
    generationWindow: () => props.generationWindow,
    ...{ onShow, onNearOldest, onNearNewest },
  })
  const { media, previous, next, showPrevious, showNext } = position
  const close = () => onShow(null)
  const toggleDetails = () => setDetailsOpen(open => !open)
  const onKeyDown = createKeyBindings({ ArrowLeft: showPrevious, ArrowRight: showNext, i: toggleDetails })
  const swipe = createSwipe({ onRight: showPrevious, onLeft: showNext })

  return (
    <dialog
      ref={mountDialog}
      class="lightbox"
      tabIndex={-1}
      aria-label={formatLabel(media())}
      data-ground={backdrop()}
      onKeyDown={onKeyDown}
      onCancel={event => {
        event.preventDefault()
        close()
      }}
      onTouchStart={swipe.onTouchStart}
      onTouchEnd={swipe.onTouchEnd}
    >
      <Show when={media()} fallback={<p class="lightbox-gone">This picture is no longer here.</p>}>
        {shown => (
          <>
            <LightboxBar
              media={shown()}
              backdrop={backdrop()}
              onBackdropChange={setBackdrop}
              isDetailsOpen={isDetailsOpen()}
              onToggleDetails={toggleDetails}
              onFavourite={props.onFavourite}
              onRemove={props.onRemove}
              onUseAsReference={props.onUseAsReference}
              onClose={close}
            />
            <div class="stage-area">
              <MediaView media={shown()} />
              <Show when={isDetailsOpen()}>
                <LightboxDetails
                  media={shown()}
                  model={props.modelsById.get(shown().generation.model)}
                  onCopyPrompt={() => void props.onCopyPrompt(shown().generation)}
                />
              </Show>
            </div>
          </>
        )}
      </Show>
      <NoticeBar notices={props.notices} />
      <NavigationButton direction="previous" onNavigate={showPrevious} isEnd={!previous()} />
      <NavigationButton direction="next" onNavigate={showNext} isEnd={!next()} />
    </dialog>
  )
}

function findThumbnail({ key, index }: MediaRef): HTMLElement | null {
  return document.querySelector<HTMLElement>(`article[data-key="${key}"] [data-output-index="${index}"]`)
}

function formatLabel(media: MediaItem | undefined): string {
  return media ? `Picture ${media.index + 1} of ${media.generation.outputs.length}` : 'Picture'
}
