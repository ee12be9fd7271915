import { For, Show } from 'solid-js'
import type { Attachment } from '../attachments/attachment.ts'
import type { Origins } from './origins.ts'

interface OriginLinesProps {
  attachments: readonly Attachment[]
  origins: Pick<Origins, 'of' | 'useSettings'>
}

/** Offers the settings of attached files whose origin is known. */
export function OriginLines(props: OriginLinesProps) {
  return (
    <For each={props.attachments}>
      {({ key, name }) => (
        <Show when={props.origins.of(key)}>
          {origin => (
            <p class="attachment-line" role="status">
              <span>
                {origin().output
                  ? 'This picture was made here.'
                  : `${origin().settings?.source} wrote how it was made.`}
              </span>
              <button
                type="button"
                class="quiet"
                aria-label={`Use its settings: ${name}`}
                onClick={() => void props.origins.useSettings(key)}
              >
                Use its settings
              </button>
            </p>
          )}
        </Show>
      )}
    </For>
  )
}
