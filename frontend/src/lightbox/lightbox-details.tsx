import { For, Show } from 'solid-js'
import type { Studio } from '../studio.ts'
import { formatDuration, formatMoney } from '../ui/format.ts'
import type { MediaItem } from './gallery.ts'

/** What made the picture that is shown. */
export function LightboxDetails(props: { studio: Studio; media: MediaItem }) {
  const model = () => props.studio.modelOf().get(props.media.generation.model)
  return (
    <aside class="details" aria-label="Details">
      <p class="details-prompt">{props.media.generation.prompt}</p>
      <p class="details-actions">
        <button type="button" class="on-ground" onClick={() => void props.studio.copyPrompt(props.media.generation)}>
          Copy prompt
        </button>
      </p>
      <dl>
        <For each={listDetails(props.media, model()?.name)}>
          {([name, value]) => (
            <div>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          )}
        </For>
      </dl>
      <Show when={model()?.note}>{note => <p class="details-note">{note()}</p>}</Show>
    </aside>
  )
}

type Detail = readonly [name: string, value: string]

function listDetails({ generation, output }: MediaItem, model: string | undefined): Detail[] {
  const { parameters, cost, createdAt } = generation
  const details: (readonly [string, string | number | null | undefined])[] = [
    ['Model', model ?? generation.model],
    ['Size', output.width && output.height ? `${output.width} × ${output.height}` : null],
    ['Aspect ratio', parameters.aspectRatio],
    ['Length', output.duration === null ? null : formatDuration(output.duration)],
    ['Seed', parameters.seed],
    ['Left out', parameters.negativePrompt],
    ...Object.entries(parameters.settings ?? {}).map(([name, value]) => [name, String(value)] as const),
    ['File', output.bytes === null ? null : `${(output.bytes / 1_000_000).toFixed(1)} MB`],
    ['Cost', cost && formatMoney(cost)],
    ['Made', new Date(createdAt).toLocaleString()],
  ]
  return details.flatMap(([name, value]) =>
    value === null || value === undefined ? [] : [[name, String(value)] as const],
  )
}
