import { createEffect, createMemo, createSignal, onCleanup, onMount, Show } from 'solid-js'
import type { Row } from '../store/generation-window.ts'
import type { Studio } from '../studio.ts'
import { Icon } from '../ui/icons.tsx'
import { readStorage, writeStorage } from '../ui/local-storage.ts'
import { NoticeBar } from '../ui/notice-bar.tsx'
import { placeholderUrl } from '../ui/placeholder.ts'
import { BACKDROPS, type Backdrop } from './backdrops.ts'
import { findMedia, findNeighbour, findReplacement, type MediaItem, type MediaRef } from './gallery.ts'
import { LightboxBar } from './lightbox-bar.tsx'
import { LightboxDetails } from './lightbox-details.tsx'

const BACKDROP_KEY = 'darkroom.ground'
const MIN_SWIPE_PX = 60
/** More pictures are read when fewer than this many rows are left beside the one that is shown. */
const PREFETCH_ROWS = 5

/** One picture, large, over the feed: which stays as it is below, and gets the focus back where it was. */
export function Lightbox(props: { studio: Studio; at: MediaRef }) {
  const { known: generationWindow, showPicture: showMedia, library: store } = props.studio
  const [backdrop, setBackdrop] = createSignal<Backdrop>(
    BACKDROPS.find(name => name === readStorage(BACKDROP_KEY)) ?? 'black',
  )
  const [isDetailsOpen, setDetailsOpen] = createSignal(false)
  const opener = document.activeElement
  let dialog: HTMLDialogElement | undefined
  let touchX: number | undefined
  let lastShown = props.at

  const media = createMemo(() => findMedia(generationWindow().byKey.get(props.at.key), props.at.index))
  const around = createMemo(() => ({
    previous: findNeighbour(generationWindow().rows, props.at, -1),
    next: findNeighbour(generationWindow().rows, props.at, 1),
  }))

  const show = (to: MediaRef | undefined) => to && showMedia(to)
  const close = () => showMedia(null)
  const keys: Record<string, () => void> = {
    ArrowLeft: () => show(around().previous),
    ArrowRight: () => show(around().next),
    i: () => setDetailsOpen(shown => !shown),
  }

  const onKeyDown = (event: KeyboardEvent) => {
    const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key]
    if (!act || event.target instanceof HTMLVideoElement || event.target instanceof HTMLInputElement) return
    event.preventDefault()
    act()
  }

  const onTouchEnd = (event: TouchEvent) => {
    const moved = (event.changedTouches[0]?.clientX ?? 0) - (touchX ?? 0)
    if (touchX !== undefined && Math.abs(moved) > MIN_SWIPE_PX) show(moved > 0 ? around().previous : around().next)
    touchX = undefined
  }

  onMount(() => {
    dialog?.showModal()
    // Not the first control: arrow keys turn the pictures.
    dialog?.focus()
  })
  onCleanup(() => {
    dialog?.close()
    const target = opener instanceof HTMLElement && opener.isConnected ? opener : findThumbnail(lastShown)
    target?.focus({ preventScroll: true })
  })
  createEffect(() => writeStorage(BACKDROP_KEY, backdrop()))
  // What is deleted while it is looked at, here or in another page, makes room for the picture beside it.
  createEffect<readonly Row[]>(before => {
    const { rows, byKey } = generationWindow()
    if (!byKey.has(props.at.key)) showMedia(findReplacement(before, byKey, props.at) ?? null)
    return rows
  }, generationWindow().rows)
  createEffect(() => {
    lastShown = props.at
    const { rows } = generationWindow()
    const index = rows.findIndex(row => row.key === props.at.key)
    if (index < PREFETCH_ROWS) queueMicrotask(() => void store.loadOlder())
    if (index >= rows.length - PREFETCH_ROWS) queueMicrotask(() => void store.loadNewer())
  })

  return (
    <dialog
      ref={dialog}
      class="lightbox"
      tabIndex={-1}
      aria-label={formatLabel(media())}
      data-ground={backdrop()}
      onKeyDown={onKeyDown}
      onCancel={event => {
        event.preventDefault()
        close()
      }}
      onTouchStart={event => {
        touchX = event.touches.length === 1 ? event.touches[0]?.clientX : undefined
      }}
      onTouchEnd={onTouchEnd}
    >
      <Show when={media()} fallback={<p class="lightbox-gone">This picture is no longer here.</p>}>
        {shown => (
          <>
            <LightboxBar
              studio={props.studio}
              media={shown()}
              backdrop={backdrop()}
              onBackdropChange={setBackdrop}
              isDetailsOpen={isDetailsOpen()}
              onToggleDetails={() => setDetailsOpen(open => !open)}
              onClose={close}
            />
            <div class="stage-area">
              <MediaView media={shown()} />
              <Show when={isDetailsOpen()}>
                <LightboxDetails studio={props.studio} media={shown()} />
              </Show>
            </div>
          </>
        )}
      </Show>
      <NoticeBar studio={props.studio} />
      <NavigationButton direction="previous" onNavigate={() => show(around().previous)} isEnd={!around().previous} />
      <NavigationButton direction="next" onNavigate={() => show(around().next)} isEnd={!around().next} />
    </dialog>
  )
}

function NavigationButton(props: { direction: 'previous' | 'next'; isEnd: boolean; onNavigate: () => void }) {
  return (
    <button
      type="button"
      class={`turn turn-${props.direction}`}
      aria-label={props.direction === 'previous' ? 'Previous picture' : 'Next picture'}
      aria-disabled={props.isEnd}
      onClick={() => props.onNavigate()}
    >
      <Icon name={props.direction} />
    </button>
  )
}

/** The original, over its preview until it is there. */
function MediaView(props: { media: MediaItem }) {
  const preview = () => props.media.output.previewUrl ?? placeholderUrl(props.media.output.placeholder)
  const alt = () => props.media.generation.prompt.slice(0, 300)
  const size = () => ({
    width: props.media.output.width ?? undefined,
    height: props.media.output.height ?? undefined,
  })
  return (
    <Show
      when={props.media.output.kind === 'image'}
      fallback={
        <video
          class="large"
          src={props.media.url}
          poster={props.media.output.previewUrl ?? undefined}
          controls
          {...size()}
        />
      }
    >
      <img
        class="large"
        src={props.media.url}
        alt={alt()}
        data-generation-id={props.media.generation.id}
        {...size()}
        style={{ 'background-image': preview() === undefined ? 'none' : `url("${preview()}")` }}
      />
    </Show>
  )
}

function findThumbnail({ key, index }: MediaRef): HTMLElement | null {
  return document.querySelector<HTMLElement>(`article[data-key="${key}"] [data-output-index="${index}"]`)
}

function formatLabel(media: MediaItem | undefined): string {
  return media ? `Picture ${media.index + 1} of ${media.generation.outputs.length}` : 'Picture'
}
