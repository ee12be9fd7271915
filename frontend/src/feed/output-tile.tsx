import type { Generation } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import type { Output } from '@darkroom/contracts/output'
import { FEED_WIDTH, previewUrlAtWidth, THUMBNAIL_WIDTH } from '@darkroom/contracts/previews'
import { type Accessor, Match, Show, Switch } from 'solid-js'
import { findMedia, formatFileName, isVisible, type MediaRef } from '../lightbox/gallery.ts'
import { countMissing, listActions } from '../store/available-actions.ts'
import type { Clock } from '../ui/clock.ts'
import { formatExpiry, formatLost, formatProviderName } from '../ui/format.ts'
import { Icon } from '../ui/icons.tsx'
import { placeholderUrl } from '../ui/placeholder.ts'
import { ActionButton, type RunAction } from './action-button.tsx'
import { Progress } from './progress.tsx'
import type { Box } from './row-layout.ts'

/** The user's actions on an output. */
export interface TileActions {
  runAction: RunAction
  setFavourite: (generation: Generation, outputIndex: number, favourite: boolean) => void
  useAsReference: (image: ShownImage) => void
  /** Shows an output in the lightbox. */
  showMedia: (media: MediaRef) => void
}

interface ShownImage {
  url: string
  previewUrl: string
}

interface OutputTileProps {
  rowKey: string
  generation: Generation
  output: Output
  box: Box | undefined
  model: Model | undefined
  clock: Clock
  coarseNow: Accessor<number>
  actions: TileActions
}

/** One output, in any state. Its box is the same in all of them. */
export function OutputTile(props: OutputTileProps) {
  const visible = () => (isVisible(props.output) ? props.output : undefined)
  const isMaking = () => props.output.state === 'pending' || props.output.state === 'saving'
  return (
    <div
      class="tile"
      data-state={props.output.state}
      style={{
        left: `${props.box?.left ?? 0}px`,
        top: `${props.box?.top ?? 0}px`,
        width: `${props.box?.width ?? 0}px`,
        height: `${props.box?.height ?? 0}px`,
        'background-image': placeholderBackground(props.output),
      }}
    >
      <Switch fallback={<MissingOutput {...props} />}>
        <Match when={visible()}>{output => <ReadyOutput {...props} output={output()} />}</Match>
        <Match when={isMaking()}>
          <Progress
            clock={props.clock}
            generation={props.generation}
            provider={formatProviderName(props.model)}
            index={props.output.index}
          />
        </Match>
      </Switch>
    </div>
  )
}

function ReadyOutput(props: OutputTileProps & { output: Output & { url: string } }) {
  const preview = () => props.output.previewUrl ?? props.output.url
  const small = () => previewUrlAtWidth(preview(), THUMBNAIL_WIDTH)
  const sources = () =>
    small() === preview() ? undefined : `${small()} ${THUMBNAIL_WIDTH}w, ${preview()} ${FEED_WIDTH}w`
  const shownImage = () => ({ url: props.output.url, previewUrl: preview() })
  const name = () => `Open picture ${props.output.index + 1} of ${props.generation.outputs.length}`
  return (
    <>
      <button
        type="button"
        class="picture"
        data-output-index={props.output.index}
        aria-label={name()}
        onClick={() => props.actions.showMedia({ key: props.rowKey, index: props.output.index })}
      >
        <img
          src={preview()}
          srcset={sources()}
          sizes={`${props.box?.width ?? 320}px`}
          alt=""
          decoding="async"
          data-url={props.output.url}
        />
        <Show when={props.output.kind === 'video'}>
          <span class="badge">video</span>
        </Show>
      </button>
      <Show when={props.output.state === 'temporary'}>
        <p class="badge badge-temporary" title="It could not be saved yet. The studio keeps trying.">
          {formatExpiry(props.output, formatProviderName(props.model), props.coarseNow())}
        </p>
      </Show>
      <TileButtons {...props} shownImage={shownImage()} />
    </>
  )
}

function TileButtons(props: OutputTileProps & { shownImage: ShownImage }) {
  const download = () => {
    const media = findMedia({ key: '', sortKey: '', generation: props.generation, delivery: null }, props.output.index)
    return media && formatFileName(media)
  }
  return (
    <div class="tile-actions">
      <button
        type="button"
        class="on-picture"
        aria-label={`Favourite picture ${props.output.index + 1}`}
        aria-pressed={props.output.favourite}
        title="Favourite"
        onClick={() => props.actions.setFavourite(props.generation, props.output.index, !props.output.favourite)}
      >
        <Icon name="favourite" />
      </button>
      <Show when={(props.box?.width ?? 0) >= ALL_ACTIONS_MIN_WIDTH}>
        <button
          type="button"
          class="on-picture"
          aria-label={`Use picture ${props.output.index + 1} as reference`}
          title="Use as reference"
          onClick={() => props.actions.useAsReference(props.shownImage)}
        >
          <Icon name="reference" />
        </button>
        <a
          class="on-picture"
          href={props.shownImage.url}
          download={download()}
          aria-label={`Download picture ${props.output.index + 1}`}
          title="Download"
        >
          <Icon name="download" />
        </a>
      </Show>
    </div>
  )
}

/** Narrower tiles have only the first action, in CSS pixels; the lightbox has them all. */
const ALL_ACTIONS_MIN_WIDTH = 112
/** A smaller tile has either the message or the button, in CSS pixels. */
const ROOMY_MIN_SIZE = 150

/** An output that is missing and will not arrive by itself: the reason, and on the first such output the action for all of them. */
function MissingOutput(props: OutputTileProps) {
  const message = () => {
    if (props.output.state === 'lost') return formatLost(formatProviderName(props.model))
    return props.output.error?.message ?? 'This one was not made.'
  }
  const action = () => (isFirstMissing(props) ? listActions(props.generation)[0] : undefined)
  const isRoomy = () => Math.min(props.box?.width ?? 0, props.box?.height ?? 0) >= ROOMY_MIN_SIZE
  return (
    <div class="missing">
      <Show when={isRoomy() || action() === undefined}>
        <p title={message()}>
          <Icon name="warning" />
          <span>{message()}</span>
        </p>
      </Show>
      <Show when={action()}>
        {offered => (
          <ActionButton
            action={offered()}
            generation={props.generation}
            variant="solid"
            runAction={props.actions.runAction}
          />
        )}
      </Show>
      <Show when={action() === 'complete' && props.generation.cost !== null && isRoomy()}>
        <p>billed anew</p>
      </Show>
    </div>
  )
}

function isFirstMissing({ generation, output }: OutputTileProps): boolean {
  const isMissing = ({ state }: Output) => state !== 'stored' && state !== 'temporary'
  return countMissing(generation) > 0 && generation.outputs.find(isMissing)?.index === output.index
}

/** Returns the CSS background image of an output's placeholder, which is shown until the image is drawn. */
export function placeholderBackground(output: Output): string | undefined {
  const url = isVisible(output) ? placeholderUrl(output.placeholder) : undefined
  return url && `url("${url}")`
}
