import { Show } from 'solid-js'
import { Icon } from '../../ui/icons.tsx'
import { formatParent, type NamedParent } from './draft-parent.ts'

/** The line that names the output which the next generation goes on from. It can be removed. */
export function ParentLine(props: { parent: NamedParent | null; onRemove: () => void }) {
  return (
    <Show when={props.parent}>
      {parent => (
        <p class="parent-line">
          <span dir="auto">{formatParent(parent())}</span>
          <button
            type="button"
            class="quiet icon-only"
            aria-label="Do not go on from this picture"
            title="Do not go on from this picture"
            onClick={() => props.onRemove()}
          >
            <Icon name="close" />
          </button>
        </p>
      )}
    </Show>
  )
}
