import { createEffect, createMemo, createSignal, onCleanup, onMount, Show } from 'solid-js'
import type { Row } from '../store/generation-window.ts'
import type { Studio } from '../studio.ts'
import { Icon } from '../ui/icons.tsx'
import { recall, remember } from '../ui/local-storage.ts'
import { NoticeBar } from '../ui/notice-bar.tsx'
import { placeholderUrl } from '../ui/placeholder.ts'
import { GROUNDS, type Ground } from './backdrops.ts'
import { neighbour, type Picture, type PictureRef, pictureAt, survivor } from './gallery.ts'
import { LightboxBar } from './lightbox-bar.tsx'
import { LightboxDetails } from './lightbox-details.tsx'

const GROUND = 'darkroom.ground'
const SWIPE = 60
/** More pictures are read when fewer than this many rows are left beside the one that is shown. */
const ROWS_AHEAD = 5

/** One picture, large, over the feed: which stays as it is below, and gets the focus back where it was. */
export function Lightbox(props: { studio: Studio; at: PictureRef }) {
  const { known, showPicture, library } = props.studio
  const [ground, setGround] = createSignal<Ground>(GROUNDS.find(name => name === recall(GROUND)) ?? 'black')
  const [hasDetails, setDetails] = createSignal(false)
  const opener = document.activeElement
  let dialog: HTMLDialogElement | undefined
  let touchX: number | undefined
  let lastShown = props.at

  const picture = createMemo(() => pictureAt(known().byKey.get(props.at.key), props.at.index))
  const around = createMemo(() => ({
    previous: neighbour(known().rows, props.at, -1),
    next: neighbour(known().rows, props.at, 1),
  }))

  const go = (to: PictureRef | undefined) => to && showPicture(to)
  const close = () => showPicture(null)
  const keys: Record<string, () => void> = {
    ArrowLeft: () => go(around().previous),
    ArrowRight: () => go(around().next),
    i: () => setDetails(shown => !shown),
  }

  const onKeyDown = (event: KeyboardEvent) => {
    const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key]
    if (!act || event.target instanceof HTMLVideoElement || event.target instanceof HTMLInputElement) return
    event.preventDefault()
    act()
  }

  const onTouchEnd = (event: TouchEvent) => {
    const moved = (event.changedTouches[0]?.clientX ?? 0) - (touchX ?? 0)
    if (touchX !== undefined && Math.abs(moved) > SWIPE) go(moved > 0 ? around().previous : around().next)
    touchX = undefined
  }

  onMount(() => {
    dialog?.showModal()
    // Not the first control: arrow keys turn the pictures.
    dialog?.focus()
  })
  onCleanup(() => {
    dialog?.close()
    const target = opener instanceof HTMLElement && opener.isConnected ? opener : thumbnailOf(lastShown)
    target?.focus({ preventScroll: true })
  })
  createEffect(() => remember(GROUND, ground()))
  // What is deleted while it is looked at, here or in another page, makes room for the picture beside it.
  createEffect<readonly Row[]>(before => {
    const { rows, byKey } = known()
    if (!byKey.has(props.at.key)) showPicture(survivor(before, byKey, props.at) ?? null)
    return rows
  }, known().rows)
  createEffect(() => {
    lastShown = props.at
    const { rows } = known()
    const index = rows.findIndex(row => row.key === props.at.key)
    if (index < ROWS_AHEAD) queueMicrotask(() => void library.readOlder())
    if (index >= rows.length - ROWS_AHEAD) queueMicrotask(() => void library.readNewer())
  })

  return (
    <dialog
      ref={dialog}
      class="lightbox"
      tabIndex={-1}
      aria-label={labelOf(picture())}
      data-ground={ground()}
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
      <Show when={picture()} fallback={<p class="lightbox-gone">This picture is no longer here.</p>}>
        {shown => (
          <>
            <LightboxBar
              studio={props.studio}
              picture={shown()}
              ground={ground()}
              onGround={setGround}
              hasDetails={hasDetails()}
              onDetails={() => setDetails(open => !open)}
              onClose={close}
            />
            <div class="stage-area">
              <Large picture={shown()} />
              <Show when={hasDetails()}>
                <LightboxDetails studio={props.studio} picture={shown()} />
              </Show>
            </div>
          </>
        )}
      </Show>
      <NoticeBar studio={props.studio} />
      <Turn direction="previous" onTurn={() => go(around().previous)} isEnd={!around().previous} />
      <Turn direction="next" onTurn={() => go(around().next)} isEnd={!around().next} />
    </dialog>
  )
}

function Turn(props: { direction: 'previous' | 'next'; isEnd: boolean; onTurn: () => void }) {
  return (
    <button
      type="button"
      class={`turn turn-${props.direction}`}
      aria-label={props.direction === 'previous' ? 'Previous picture' : 'Next picture'}
      aria-disabled={props.isEnd}
      onClick={() => props.onTurn()}
    >
      <Icon name={props.direction} />
    </button>
  )
}

/** The original, over its preview until it is there. */
function Large(props: { picture: Picture }) {
  const preview = () => props.picture.output.previewUrl ?? placeholderUrl(props.picture.output.placeholder)
  const alt = () => props.picture.generation.prompt.slice(0, 300)
  const size = () => ({
    width: props.picture.output.width ?? undefined,
    height: props.picture.output.height ?? undefined,
  })
  return (
    <Show
      when={props.picture.output.kind === 'image'}
      fallback={
        <video
          class="large"
          src={props.picture.url}
          poster={props.picture.output.previewUrl ?? undefined}
          controls
          {...size()}
        />
      }
    >
      <img
        class="large"
        src={props.picture.url}
        alt={alt()}
        data-generation-id={props.picture.generation.id}
        {...size()}
        style={{ 'background-image': preview() === undefined ? 'none' : `url("${preview()}")` }}
      />
    </Show>
  )
}

function thumbnailOf({ key, index }: PictureRef): HTMLElement | null {
  return document.querySelector<HTMLElement>(`article[data-key="${key}"] [data-output-index="${index}"]`)
}

function labelOf(picture: Picture | undefined): string {
  return picture ? `Picture ${picture.index + 1} of ${picture.generation.outputs.length}` : 'Picture'
}
