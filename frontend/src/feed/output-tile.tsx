import type { Generation } from '@darkroom/contracts/generation'
import type { Output } from '@darkroom/contracts/output'
import { previewUrlAtWidth } from '@darkroom/contracts/previews'
import { Match, Show, Switch } from 'solid-js'
import { findMedia, formatFileName, isVisible } from '../lightbox/gallery.ts'
import { countMissing, listVerbs } from '../store/verbs.ts'
import type { Studio } from '../studio.ts'
import { formatExpiry, formatLost, formatProviderName } from '../ui/format.ts'
import { Icon } from '../ui/icons.tsx'
import { placeholderUrl } from '../ui/placeholder.ts'
import { Progress } from './progress.tsx'
import type { Box } from './row-layout.ts'
import { VerbButton } from './verb-button.tsx'

interface OutputTileProps {
  studio: Studio
  rowKey: string
  generation: Generation
  output: Output
  box: Box | undefined
}

/** One output, in whichever state it is. Its place is the same in all of them. */
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
            clock={props.studio.clock}
            generation={props.generation}
            provider={getProviderName(props)}
            index={props.output.index}
          />
        </Match>
      </Switch>
    </div>
  )
}

function ReadyOutput(props: OutputTileProps & { output: Output & { url: string } }) {
  const preview = () => props.output.previewUrl ?? props.output.url
  const small = () => previewUrlAtWidth(preview(), 320)
  const sources = () => (small() === preview() ? undefined : `${small()} 320w, ${preview()} 960w`)
  const shownImage = () => ({ url: props.output.url, previewUrl: preview() })
  const name = () => `Open picture ${props.output.index + 1} of ${props.generation.outputs.length}`
  return (
    <>
      <button
        type="button"
        class="picture"
        data-output-index={props.output.index}
        aria-label={name()}
        onClick={() => props.studio.showPicture({ key: props.rowKey, index: props.output.index })}
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
          {formatExpiry(props.output, getProviderName(props), props.studio.coarseNow())}
        </p>
      </Show>
      <TileActions {...props} shownImage={shownImage()} />
    </>
  )
}

function TileActions(props: OutputTileProps & { shownImage: { url: string; previewUrl: string } }) {
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
        onClick={() => void props.studio.acting.favour(props.generation, props.output.index, !props.output.favourite)}
      >
        <Icon name="favourite" />
      </button>
      <Show when={(props.box?.width ?? 0) >= ALL_ACTIONS_MIN_WIDTH}>
        <button
          type="button"
          class="on-picture"
          aria-label={`Use picture ${props.output.index + 1} as reference`}
          title="Use as reference"
          onClick={() => props.studio.useAsReference(props.shownImage)}
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

/** Narrower pictures have room for the first action; the lightbox has them all. */
const ALL_ACTIONS_MIN_WIDTH = 112
/** Less room than this is for one thing only. */
const ROOMY_MIN_SIZE = 150

/** An output that is not there and will not come by itself: what became of it, and once what can be done about all such. */
function MissingOutput(props: OutputTileProps) {
  const message = () => {
    if (props.output.state === 'lost') return formatLost(getProviderName(props))
    return props.output.error?.message ?? 'This one was not made.'
  }
  const verb = () => (isFirstMissing(props) ? listVerbs(props.generation)[0] : undefined)
  const isRoomy = () => Math.min(props.box?.width ?? 0, props.box?.height ?? 0) >= ROOMY_MIN_SIZE
  return (
    <div class="missing">
      <Show when={isRoomy() || verb() === undefined}>
        <p title={message()}>
          <Icon name="warning" />
          <span>{message()}</span>
        </p>
      </Show>
      <Show when={verb()}>
        {offered => <VerbButton studio={props.studio} verb={offered()} generation={props.generation} variant="solid" />}
      </Show>
      <Show when={verb() === 'complete' && props.generation.cost !== null && isRoomy()}>
        <p>billed anew</p>
      </Show>
    </div>
  )
}

function isFirstMissing({ generation, output }: OutputTileProps): boolean {
  const isMissing = ({ state }: Output) => state !== 'stored' && state !== 'temporary'
  return countMissing(generation) > 0 && generation.outputs.find(isMissing)?.index === output.index
}

function getProviderName({ studio, generation }: OutputTileProps): string {
  return formatProviderName(studio.modelOf().get(generation.model))
}

/** The placeholder that a picture has until it is drawn, as a style sheet names it. */
export function placeholderBackground(output: Output): string | undefined {
  const url = isVisible(output) ? placeholderUrl(output.placeholder) : undefined
  return url && `url("${url}")`
}
