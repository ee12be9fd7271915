import type { Model } from '@darkroom/contracts/model'
import { createUniqueId, onCleanup, onMount, Show } from 'solid-js'
import { Icon } from '../../ui/icons.tsx'
import type { Draft } from '../draft.ts'
import { ModelTable } from './model-table.tsx'
import { focusRow, moveFocus } from './picker-focus.ts'
import { hasBothKinds } from './picker-list.ts'
import { createPickerState, type PickerState } from './picker-state.ts'

interface ModelPickerProps {
  models: readonly Model[]
  /** The selected model. */
  model: Model
  draft: Draft
  onChoose: (id: string) => void
  /** Called on Escape: the focus returns to where it was. */
  onClose: () => void
  /** Called when something outside is pressed or gets the focus. */
  onLeave: () => void
}

/** The layer in which a model is chosen: a search field, and a row for each model with what it takes, its time and its price. */
export default function ModelPicker(props: ModelPickerProps) {
  const picker = createPickerState(props)
  const tableId = createUniqueId()
  let layer: HTMLDivElement | undefined
  let search: HTMLInputElement | undefined

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.isComposing || !layer) return
    const currentId = picker.current()?.id
    if (event.key === 'Escape') {
      event.preventDefault()
      event.stopPropagation()
      props.onClose()
    }
    // Enter in the search field would submit the form around it.
    if (event.key === 'Enter' && event.target === search) {
      event.preventDefault()
      if (currentId !== undefined) props.onChoose(currentId)
    }
    if (event.target !== search) onRowKey(event)
    if (moveFocus(layer, { search, event, currentId })) event.preventDefault()
  }

  /** Toggles the favourite by S. Any other character goes to the search field. */
  function onRowKey(event: KeyboardEvent) {
    const id = findRowId(event)
    if (id === undefined || event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key.toLowerCase() === 's') picker.toggleFavourite(id)
    else if (event.key.length === 1 && event.key !== ' ') search?.focus()
  }

  onMount(() => {
    const isTouch = !matchMedia('(hover) and (pointer: fine)').matches
    // On a touch screen the field would open the keyboard over the list.
    if (isTouch && layer) focusRow(layer, props.model.id)
    if (!isTouch) search?.focus({ preventScroll: true })
    layer?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' })
  })
  onOutside(
    () => layer,
    () => props.onLeave(),
  )

  return (
    <div ref={layer} class="picker" role="dialog" aria-label="Models" onKeyDown={onKeyDown}>
      <div class="picker-top">
        <SearchField
          picker={picker}
          count={props.models.length}
          tableId={tableId}
          onMount={field => {
            search = field
          }}
        />
        <Show when={hasBothKinds(props.models)}>
          <KindFilter picker={picker} />
        </Show>
      </div>
      <ModelTable {...props} picker={picker} id={tableId} />
      <p class="unseen" role="status">
        {picker.text() === '' ? '' : `${picker.found().length} found`}
      </p>
      <Legend />
    </div>
  )
}

interface SearchFieldProps {
  picker: PickerState
  /** Number of all models. */
  count: number
  /** Id of the table that is searched. */
  tableId: string
  onMount: (field: HTMLInputElement) => void
}

function SearchField(props: SearchFieldProps) {
  const label = () => (props.count === 1 ? 'Search 1 model' : `Search ${props.count} models`)
  return (
    <label class="picker-search">
      <Icon name="search" />
      <input
        ref={props.onMount}
        type="search"
        aria-label={label()}
        aria-controls={props.tableId}
        placeholder={label()}
        autocomplete="off"
        value={props.picker.text()}
        onInput={event => props.picker.setText(event.currentTarget.value)}
      />
    </label>
  )
}

function KindFilter(props: { picker: PickerState }) {
  const { kind, setKind } = props.picker
  return (
    <>
      <button type="button" class="chip" aria-pressed={kind() === 'image'} onClick={() => setKind('image')}>
        Images
      </button>
      <button type="button" class="chip" aria-pressed={kind() === 'video'} onClick={() => setKind('video')}>
        Video
      </button>
    </>
  )
}

/** The meaning of the icons, and the keys. */
function Legend() {
  return (
    <div class="picker-foot" aria-hidden="true">
      <span>
        <Icon name="reference" /> references
      </span>
      <span>
        <Icon name="mask" /> mask
      </span>
      <span>
        <Icon name="video" /> video
      </span>
      <span class="picker-keys">Enter chooses</span>
      <span class="picker-keys">S adds a favourite</span>
    </div>
  )
}

/** Calls back when something outside of a layer is pressed or gets the focus, except for the button that opens and closes it. */
function onOutside(layer: () => HTMLElement | undefined, onLeave: () => void) {
  const isOutside = ({ target }: Event) =>
    target instanceof Element && !layer()?.contains(target) && target.closest('.model-button') === null
  const onEvent = (event: Event) => isOutside(event) && onLeave()
  onMount(() => {
    const stop = new AbortController()
    document.addEventListener('pointerdown', onEvent, { signal: stop.signal })
    document.addEventListener('focusin', onEvent, { signal: stop.signal })
    onCleanup(() => stop.abort())
  })
}

function findRowId({ target }: Event): string | undefined {
  return target instanceof Element ? target.closest<HTMLElement>('[data-model]')?.dataset.model : undefined
}
