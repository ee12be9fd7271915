import { For } from 'solid-js'
import { BACKDROPS, type Backdrop } from './backdrops.ts'

/** The choice of the backdrop. */
export function BackdropPicker(props: { backdrop: Backdrop; onChange: (backdrop: Backdrop) => void }) {
  return (
    <div class="grounds" role="radiogroup" aria-label="Ground">
      <For each={BACKDROPS}>
        {backdrop => (
          <label class="ground" data-ground={backdrop} title={`On ${backdrop}`}>
            <input
              type="radio"
              name="ground"
              aria-label={`On ${backdrop}`}
              checked={props.backdrop === backdrop}
              onChange={() => props.onChange(backdrop)}
            />
          </label>
        )}
      </For>
    </div>
  )
}
