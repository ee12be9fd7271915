import type { Generation } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import { For, Show } from 'solid-js'
import { copyText } from '../../ui/clipboard.ts'
import { Icon } from '../../ui/icons.tsx'
import { BarButton } from '../bars/bar-button.tsx'
import type { MediaItem } from '../gallery.ts'
import type { LineageStep } from '../lineage-source.ts'
import { type DetailRow, listDetails } from './detail-rows.ts'
import type { Lineage } from './lineage-state.ts'
import { LineageView } from './lineage-view.tsx'

interface DetailsPanelProps {
  media: MediaItem
  /** Undefined if the model is not offered any more. */
  model: Model | undefined
  lineage: Lineage
  /** The differences of the output from its parent, in words. */
  change: string | undefined
  onReuse: ((generation: Generation) => void) | undefined
  onCopyPrompt: (generation: Generation) => void
  onOpen: (step: LineageStep) => void
  onNotify: (message: string) => void
  onClose: () => void
}

/** Everything about the output that is shown: the prompt, the settings, where it came from, the references. */
export function DetailsPanel(props: DetailsPanelProps) {
  const generation = () => props.media.generation
  return (
    <aside class="details" aria-label="Details" tabindex="0">
      <p class="details-prompt" dir="auto">
        {generation().prompt}
      </p>
      <div class="details-actions">
        <Show when={props.onReuse}>
          {reuse => <BarButton label="Reuse" text="Reuse" icon="reuse" onPress={() => reuse()(generation())} />}
        </Show>
        <BarButton
          label="Copy prompt"
          text="Copy prompt"
          icon="copy"
          onPress={() => props.onCopyPrompt(generation())}
        />
      </div>
      <For each={listDetails(props.media, props.model)}>
        {rows => (
          <dl class="details-section">
            <For each={rows}>{row => <Row row={row} onNotify={props.onNotify} />}</For>
          </dl>
        )}
      </For>
      <Show when={props.model?.note}>{note => <p class="details-note">{note()}</p>}</Show>
      <LineageView {...props} />
      <References references={generation().references} />
      <BarButton class="details-close" label="Close details" icon="close" onPress={props.onClose} />
    </aside>
  )
}

function Row(props: { row: DetailRow; onNotify: (message: string) => void }) {
  const copy = async () => {
    const isCopied = await copyText(props.row.value)
    props.onNotify(isCopied ? `${props.row.name} copied.` : 'It could not be copied: this browser does not allow it.')
  }
  return (
    <div class="detail">
      <dt>{props.row.name}</dt>
      <dd>
        <bdi>{props.row.value}</bdi>
        <Show when={props.row.isCopied}>
          <button
            type="button"
            class="detail-copy"
            aria-label={`Copy ${props.row.name.toLowerCase()}`}
            title={`Copy ${props.row.name.toLowerCase()}`}
            onClick={() => void copy()}
          >
            <Icon name="copy" />
          </button>
        </Show>
      </dd>
    </div>
  )
}

function References(props: { references: Generation['references'] }) {
  return (
    <Show when={props.references.length > 0}>
      <section class="details-section">
        <h3>References</h3>
        <ul class="details-references">
          <For each={props.references}>
            {(reference, index) => (
              <li>
                <img src={reference.previewUrl} alt={`Reference ${index() + 1}`} loading="lazy" />
                <Show when={reference.role && reference.role !== 'reference'}>
                  <span>as {reference.role?.replace('-', ' ')}</span>
                </Show>
              </li>
            )}
          </For>
        </ul>
      </section>
    </Show>
  )
}
