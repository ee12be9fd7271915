import type { Model } from '@darkroom/contracts/model'
import { createMemo, createSignal, untrack } from 'solid-js'
import { createFavouriteModels } from './favourite-models.ts'
import { hasBothKinds, selectModels } from './picker-list.ts'

export interface PickerStateOptions {
  models: readonly Model[]
  /** The selected model. */
  model: Model
}

export type PickerState = ReturnType<typeof createPickerState>

/** Creates the state of an open picker: its query, the models that match, and the favourites. @param props reactive */
export function createPickerState(props: PickerStateOptions) {
  const { favourites, toggleFavourite } = createFavouriteModels()
  // The order stays while the picker is open: a row that is made a favourite does not move away.
  const initialFavourites = untrack(favourites)
  const [text, setText] = createSignal('')
  const [kind, setKind] = createSignal(untrack(() => (hasBothKinds(props.models) ? props.model.kind : null)))
  const selection = createMemo(() => selectModels(props.models, { text: text(), kind: kind() }, initialFavourites))
  const found = createMemo(() => [...selection().favourites, ...selection().others])
  /** The model that Enter in the search field chooses. */
  const current = createMemo(() => {
    const selected = text().trim() === '' ? found().find(({ id }) => id === props.model.id) : undefined
    return selected ?? found()[0]
  })
  return { text, setText, kind, setKind, selection, found, current, favourites, toggleFavourite }
}
