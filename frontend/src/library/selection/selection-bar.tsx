import { createSignal, onCleanup, Show } from 'solid-js'
import { describeProblem } from '../../request-error.ts'
import { Icon, type IconName } from '../../ui/icons.tsx'
import { formatBytes } from '../filter-words.ts'
import type { Library } from '../library-state.ts'
import { type ListSelection, MAX_SELECTED } from './create-selection.ts'
import { groupByGeneration, sumBytes, toDownloadIds } from './selected-groups.ts'
import { createSelectionActions, isFavourite, type SelectionActionsOptions } from './selection-actions.ts'
import type { SelectionControl } from './selection-control.ts'
import { createZipDownload } from './zip-download.ts'

interface SelectionBarProps extends SelectionActionsOptions {
  selection: ListSelection
  library: Library
  selectionControl: { mountSelection: (control: SelectionControl) => void }
  /** Called when the selection ends, which takes the bar away with the focus. */
  onEnd: () => void
}

/** The bar of what is selected, in the position of the composer: how much it is, and what can be done with all of it. */
export default function SelectionBar(props: SelectionBarProps) {
  const { selection, library } = props
  const actions = createSelectionActions(props)
  const zip = createZipDownload(props)
  const outputs = () => [...selection.selected().values()]
  const isTrash = () => library.query().section === 'trash'
  const bytes = () => sumBytes(selection.selected())
  const download = () =>
    void zip.start({ ids: toDownloadIds(groupByGeneration(selection.selected())), totalBytes: bytes() })
  const end = (act?: () => void) => () => {
    act?.()
    selection.clear()
    props.onEnd()
  }
  const restore = end(() => void actions.restore())
  const remove = end(() => void actions.remove())
  const useAsReferences = end(actions.useAsReferences)
  const favourite = () => void actions.toggleFavourites()
  props.selectionControl.mountSelection({
    favourite: () => !isTrash() && favourite(),
    download: () => !isTrash() && zip.progress() === null && download(),
    reference: () => !isTrash() && useAsReferences(),
    remove: () => !isTrash() && remove(),
  })
  onCleanup(zip.stop)
  return (
    <section class="selection-slot" aria-label="What is selected">
      <div class="selection-bar" role="toolbar" aria-label="Selection">
        <p class="selection-count" role="status">
          <strong>{outputs().length.toLocaleString('en')} selected</strong>
          <Show when={bytes()}>{size => <span>{formatBytes(size())}</span>}</Show>
        </p>
        <div class="selection-actions">
          <SelectAllButton {...props} />
          <Show when={!isTrash()} fallback={<BarButton icon="reuse" label="Restore" onClick={restore} />}>
            <BarButton
              icon="favourite"
              label={outputs().every(isFavourite) ? 'Unfavourite' : 'Favourite'}
              onClick={favourite}
            />
            <Show
              when={zip.progress()}
              fallback={<BarButton icon="download" label="Download ZIP" short="ZIP" onClick={download} />}
            >
              {progress => <BarButton icon="close" label={formatProgress(progress())} onClick={zip.stop} />}
            </Show>
            <BarButton icon="reference" label="Use as references" short="Reference" onClick={useAsReferences} />
          </Show>
        </div>
        <div class="selection-end">
          <Show when={!isTrash()}>
            <BarButton icon="bin" label="Delete" onClick={remove} />
          </Show>
          <button type="button" class="quiet icon-only" aria-label="End the selection" onClick={end()}>
            <Icon name="close" />
          </button>
        </div>
      </div>
    </section>
  )
}

interface BarButtonProps {
  icon: IconName
  label: string
  /** A shorter label, for the phone. */
  short?: string
  onClick: () => void
}

function BarButton(props: BarButtonProps) {
  return (
    <button type="button" class="quiet" aria-label={props.label} onClick={() => props.onClick()}>
      <Icon name={props.icon} />
      <span class="selection-long">{props.label}</span>
      <span class="selection-short">{props.short ?? props.label}</span>
    </button>
  )
}

/** The button that selects the rest of the list, while there is any. */
function SelectAllButton(props: SelectionBarProps) {
  const [isBusy, setBusy] = createSignal(false)
  const stopped = new AbortController()
  onCleanup(() => stopped.abort())
  const total = () => props.library.count()?.outputs
  const amount = () => (total() === undefined ? '' : ` ${total()?.toLocaleString('en')}`)
  const isAll = () => props.selection.selected().size >= Math.min(total() ?? Number.POSITIVE_INFINITY, MAX_SELECTED)
  const selectAll = async () => {
    if (isBusy()) return
    setBusy(true)
    try {
      const hasMore = await props.selection.selectAll(stopped.signal)
      const most = MAX_SELECTED.toLocaleString('en')
      if (hasMore) props.notify(`The newest ${most} are selected, which is the most at once. There are more.`)
    } catch (error) {
      props.notify(describeProblem(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <Show when={!isAll()}>
      <BarButton
        icon="check"
        label={`Select all${amount()}`}
        short={`All${amount()}`}
        onClick={() => void selectAll()}
      />
    </Show>
  )
}

function formatProgress({ receivedBytes, totalBytes }: { receivedBytes: number; totalBytes: number | null }): string {
  if (totalBytes === null || totalBytes === 0) return `Stop, ${formatBytes(receivedBytes)}`
  return `Stop, ${Math.min(99, Math.floor((receivedBytes / totalBytes) * 100))} %`
}
