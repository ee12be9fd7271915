import type { Model } from '@darkroom/contracts/model'
import { createMemo, For, Show } from 'solid-js'
import { Icon, type IconName } from '../../ui/icons.tsx'
import { UNKNOWN_PRICE } from '../../ui/money.ts'
import type { Draft } from '../draft.ts'
import { describeModel, type Takes } from './picker-list.ts'

interface ModelRowProps {
  model: Model
  draft: Draft
  models: readonly Model[]
  /** Whether it is the model of the draft. */
  isSelected: boolean
  /** Whether Enter in the search field chooses it. */
  isCurrent: boolean
  isFavourite: boolean
  onChoose: () => void
  onFavourite: () => void
}

const TAKES: readonly [keyof Takes, IconName][] = [
  ['references', 'reference'],
  ['mask', 'mask'],
  ['video', 'video'],
]

/** A model in the picker. Its name is the button that chooses it, which covers the row; the star is S on the keyboard. */
export function ModelRow(props: ModelRowProps) {
  const row = createMemo(() => describeModel(props.model, props.draft, { models: props.models, now: Date.now() }))
  return (
    <tr class="picker-row" data-model={props.model.id} data-current={props.isCurrent} data-usable={row().isUsable}>
      <td>
        <button
          type="button"
          class="picker-star"
          tabIndex={-1}
          aria-pressed={props.isFavourite}
          aria-label={`Favourite ${props.model.name}`}
          onClick={() => props.onFavourite()}
        >
          <Icon name="star" />
        </button>
      </td>
      <td class="picker-name">
        <button
          type="button"
          class="picker-choice"
          tabIndex={props.isCurrent ? 0 : -1}
          aria-current={props.isSelected ? 'true' : undefined}
          title={props.model.note ?? undefined}
          onClick={() => props.onChoose()}
        >
          {props.model.name}
        </button>
        <Show when={row().warnings.length > 0}>
          <small title={row().warnings.join(', ')}>{row().warnings.join(', ')}</small>
        </Show>
      </td>
      <td class="picker-connection">{row().connection}</td>
      <td class="picker-takes">
        <For each={TAKES}>{([name, icon]) => <TakesIcon label={row().takes[name]} icon={icon} />}</For>
      </td>
      <td class="picker-number">{row().seconds}</td>
      <td
        class="picker-number picker-price"
        title={row().price === UNKNOWN_PRICE ? 'The price is not known' : undefined}
      >
        {row().price}
      </td>
    </tr>
  )
}

/** The icon of an input that a model takes; its empty slot if it does not. */
function TakesIcon(props: { label: string | null; icon: IconName }) {
  return (
    <span class="picker-slot" title={props.label ?? undefined}>
      <Show when={props.label}>
        {label => (
          <>
            <Icon name={props.icon} />
            <span class="unseen">{label()}</span>
          </>
        )}
      </Show>
    </span>
  )
}
