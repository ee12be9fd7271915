import { For, Show } from 'solid-js'
import type { Studio } from '../studio.ts'
import { duration, money } from '../ui/format.ts'
import type { Picture } from './gallery.ts'

/** What made the picture that is shown. */
export function LightboxDetails(props: { studio: Studio; picture: Picture }) {
  const model = () => props.studio.modelOf().get(props.picture.generation.model)
  return (
    <aside class="details" aria-label="Details">
      <p class="details-prompt">{props.picture.generation.prompt}</p>
      <p class="details-actions">
        <button type="button" class="on-ground" onClick={() => void props.studio.copyPrompt(props.picture.generation)}>
          Copy prompt
        </button>
      </p>
      <dl>
        <For each={factsOf(props.picture, model()?.name)}>
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

type Fact = readonly [name: string, value: string]

function factsOf({ generation, output }: Picture, model: string | undefined): Fact[] {
  const { parameters, cost, createdAt } = generation
  const facts: (readonly [string, string | number | null | undefined])[] = [
    ['Model', model ?? generation.model],
    ['Size', output.width && output.height ? `${output.width} × ${output.height}` : null],
    ['Aspect ratio', parameters.aspectRatio],
    ['Length', output.duration === null ? null : duration(output.duration)],
    ['Seed', parameters.seed],
    ['Left out', parameters.negativePrompt],
    ...Object.entries(parameters.settings ?? {}).map(([name, value]) => [name, String(value)] as const),
    ['File', output.bytes === null ? null : `${(output.bytes / 1_000_000).toFixed(1)} MB`],
    ['Cost', cost && money(cost)],
    ['Made', new Date(createdAt).toLocaleString()],
  ]
  return facts.flatMap(([name, value]) =>
    value === null || value === undefined ? [] : [[name, String(value)] as const],
  )
}
