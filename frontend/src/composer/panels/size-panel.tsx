import type { Model } from '@darkroom/contracts/model'
import { listChoices, toQuotient } from '@darkroom/contracts/other-model/size-choice'
import { listAspectRatios, type PixelSize } from '@darkroom/contracts/size'
import { For, type JSX, Show } from 'solid-js'
import { formatPixels, formatResolution } from '../../ui/format.ts'
import type { SetDraft } from '../composer-state.ts'
import type { Draft } from '../draft.ts'
import { resolveDraftSize } from '../estimates.ts'
import { Shape } from '../shape.tsx'

interface SizePanelProps {
  model: Model
  /** The draft within the limits of the model. */
  draft: Draft
  setDraft: SetDraft
  /** Size of the first reference, as far as it is known. */
  firstSize: PixelSize | undefined
}

/** Resolution to return to from `auto`, unless another one is chosen. */
const STANDARD_RESOLUTION = 1_024

/** The sizes that the selected model offers: its ratios drawn as shapes, its resolutions, and the pixels that follow. */
export default function SizePanel(props: SizePanelProps) {
  const isAuto = () => props.draft.resolution === 'auto'
  const ratios = () => listRatios(props.model, props.draft)
  const resolutions = () => (isAuto() ? [] : listChoices(props.model.sizes, props.draft))
  const pixels = () => formatPixels(resolveDraftSize(props.draft, props.model, props.firstSize))
  const chooseRatio = (aspectRatio: string) =>
    props.setDraft(isAuto() ? { aspectRatio, resolution: STANDARD_RESOLUTION } : { aspectRatio })
  return (
    <fieldset class="size-panel" id="size-panel">
      <legend class="unseen">Size</legend>
      <div class="shapes" role="radiogroup" aria-label="Aspect ratio">
        <Show when={props.model.sizes.auto}>
          <Option group="ratio" isChosen={isAuto()} onChoose={() => props.setDraft('resolution', 'auto')}>
            <Shape ratio={null} />
            <span>Auto</span>
          </Option>
        </Show>
        <For each={ratios()}>
          {ratio => (
            <Option
              group="ratio"
              isChosen={!isAuto() && ratio === props.draft.aspectRatio}
              onChoose={() => chooseRatio(ratio)}
            >
              <Shape ratio={ratio} />
              <span>{ratio}</span>
            </Option>
          )}
        </For>
      </div>
      <Show when={resolutions().length > 1}>
        <div class="resolutions" role="radiogroup" aria-label="Resolution">
          <For each={resolutions()}>
            {resolution => (
              <Option
                group="resolution"
                isChosen={resolution === props.draft.resolution}
                onChoose={() => props.setDraft('resolution', resolution)}
              >
                <span>{formatResolution(resolution)}</span>
              </Option>
            )}
          </For>
        </div>
      </Show>
      <output class="pixels" aria-label="Size in pixels">
        {isAuto() && props.model.sizes.kind !== 'scale' ? 'the model chooses' : pixels()}
      </output>
    </fieldset>
  )
}

/** One of several choices, which is a radio button for the keyboard and screen readers. */
function Option(props: { group: string; isChosen: boolean; onChoose: () => void; children: JSX.Element }) {
  return (
    <label class="option">
      <input type="radio" name={`size-${props.group}`} checked={props.isChosen} onChange={() => props.onChoose()} />
      {props.children}
    </label>
  )
}

/** Lists the ratios that a model offers, and the chosen one if it is another, from tall to wide. */
function listRatios({ sizes }: Model, { aspectRatio, resolution }: Draft): string[] {
  const offered = listAspectRatios(sizes)
  const all = offered.includes(aspectRatio) || resolution === 'auto' ? offered : [...offered, aspectRatio]
  return all.toSorted((a, b) => toQuotient(a) - toQuotient(b))
}
