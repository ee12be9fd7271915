import { For } from 'solid-js'
import { BACKDROPS, type Backdrop, formatBackdrop } from '../backdrops.ts'

/**
 * The choice of the backdrop. Buttons and not radio buttons: those would take the arrow keys, which turn to the next output.
 */
export function BackdropPicker(props: { backdrop: Backdrop; onChange: (backdrop: Backdrop) => void }) {
  return (
    <fieldset class="tool-group backdrops" aria-label="Backdrop">
      <For each={BACKDROPS}>
        {backdrop => (
          <button
            type="button"
            class="backdrop-choice"
            data-backdrop={backdrop}
            aria-label={formatBackdrop(backdrop)}
            aria-pressed={props.backdrop === backdrop}
            title={formatBackdrop(backdrop)}
            onClick={() => props.onChange(backdrop)}
          />
        )}
      </For>
    </fieldset>
  )
}
