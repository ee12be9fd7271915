import { Icon } from '../../ui/icons.tsx'
import { formatScale } from './zoom.ts'
import type { ZoomState } from './zoom-state.ts'

/** The scale of the shown image, and the buttons that change it. */
export function ZoomControls(props: { zoom: ZoomState }) {
  const { zoom } = props
  return (
    <fieldset class="tool-group zoom-controls" aria-label="Scale">
      <button
        type="button"
        class="on-backdrop icon-only"
        aria-label="Zoom out"
        title="Zoom out (−)"
        onClick={() => zoom.step(-1)}
      >
        <Icon name="minus" />
      </button>
      <output class="zoom-scale" aria-label="Scale">
        {formatScale(zoom.view().scale)}
      </output>
      <button
        type="button"
        class="on-backdrop icon-only"
        aria-label="Zoom in"
        title="Zoom in (+)"
        onClick={() => zoom.step(1)}
      >
        <Icon name="plus" />
      </button>
      <button type="button" class="on-backdrop" aria-pressed={zoom.isFit()} title="Fit (0)" onClick={zoom.fit}>
        Fit
      </button>
      <button
        type="button"
        class="on-backdrop"
        aria-label="Actual size, 1:1"
        aria-pressed={zoom.isActualSize()}
        title="Each pixel of the file as one of the screen (1)"
        onClick={zoom.actualSize}
      >
        1:1
      </button>
    </fieldset>
  )
}
