import type { Model } from '@darkroom/contracts/model'
import { For, Show } from 'solid-js'
import { formatDuration } from '../ui/format.ts'
import { formatCost } from '../ui/money.ts'
import type { MediaItem } from './gallery.ts'

interface LightboxDetailsProps {
  media: MediaItem
  /** Undefined if the model is not offered any more. */
  model: Model | undefined
  onCopyPrompt: () => void
}

/** The prompt and the settings of the output that is shown. */
export function LightboxDetails(props: LightboxDetailsProps) {
  return (
    <aside class="details" aria-label="Details">
      <p class="details-prompt">{props.media.generation.prompt}</p>
      <p class="details-actions">
        <button type="button" class="on-ground" onClick={() => props.onCopyPrompt()}>
          Copy prompt
        </button>
      </p>
      <dl>
        <For each={listDetails(props.media, props.model)}>
          {([name, value]) => (
            <div>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          )}
        </For>
      </dl>
      <Show when={props.model?.note}>{note => <p class="details-note">{note()}</p>}</Show>
    </aside>
  )
}

type Detail = readonly [name: string, value: string]

function listDetails({ generation, output }: MediaItem, model: Model | undefined): Detail[] {
  const { parameters, createdAt } = generation
  const details: (readonly [string, string | number | null | undefined])[] = [
    ['Model', model?.name ?? generation.model],
    ['Size', output.width && output.height ? `${output.width} × ${output.height}` : null],
    ['Aspect ratio', parameters.aspectRatio],
    ['Length', output.duration === null ? null : formatDuration(output.duration)],
    ['Seed', parameters.seed],
    ['Left out', parameters.negativePrompt],
    ...Object.entries(parameters.settings ?? {}).map(([name, value]) => [name, String(value)] as const),
    ['File', output.bytes === null ? null : `${(output.bytes / 1_000_000).toFixed(1)} MB`],
    ['Cost', formatCost(generation, model)],
    ['Made', new Date(createdAt).toLocaleString()],
  ]
  return details.flatMap(([name, value]) =>
    value === null || value === undefined ? [] : [[name, String(value)] as const],
  )
}
