import type { Model } from '@darkroom/contracts/model'
import { For, Show } from 'solid-js'
import type { Draft } from '../draft.ts'
import { ModelRow } from './model-row.tsx'
import type { PickerState } from './picker-state.ts'

interface ModelTableProps {
  id: string
  picker: PickerState
  models: readonly Model[]
  /** The selected model. */
  model: Model
  draft: Draft
  onChoose: (id: string) => void
}

/** The models that match, favourites first. */
export function ModelTable(props: ModelTableProps) {
  const row = (model: Model) => (
    <ModelRow
      model={model}
      draft={props.draft}
      models={props.models}
      isSelected={model.id === props.model.id}
      isCurrent={model.id === props.picker.current()?.id}
      isFavourite={props.picker.favourites().has(model.id)}
      onChoose={() => props.onChoose(model.id)}
      onFavourite={() => props.picker.toggleFavourite(model.id)}
    />
  )
  return (
    <div class="picker-list">
      <table id={props.id} aria-label="Models">
        <TableHeader />
        <tbody>
          <For each={props.picker.selection().favourites}>{row}</For>
        </tbody>
        <tbody>
          <For each={props.picker.selection().others}>{row}</For>
        </tbody>
      </table>
      <Show when={props.picker.found().length === 0}>
        <p class="picker-none">No model has this in its name.</p>
      </Show>
    </div>
  )
}

function TableHeader() {
  return (
    <thead>
      <tr class="picker-row picker-header">
        <th scope="col">
          <span class="unseen">Favourite</span>
        </th>
        <th scope="col">Model</th>
        <th scope="col" class="picker-connection">
          Connection
        </th>
        <th scope="col">Takes</th>
        <th scope="col" class="picker-number">
          Time
        </th>
        <th scope="col" class="picker-number">
          Each
        </th>
      </tr>
    </thead>
  )
}
