import type { Generation } from '@darkroom/contracts/generation'
import { isVisible } from '../../lightbox/is-visible.ts'
import { countMissing, formatActionLabel } from '../../store/available-actions.ts'
import type { Row } from '../../store/generation-window.ts'
import type { MenuItem } from '../../ui/menu.tsx'
import { startDownload } from '../download.ts'
import type { MetaActions } from './meta-actions.ts'

interface RowMenuInput {
  row: Row
  actions: MetaActions
  /** Whether the most frequent actions have buttons of their own. */
  hasButtons: boolean
  /** Shows the whole prompt, where the row has one line of it. */
  onShowPrompt?: (() => void) | undefined
}

/** Returns the entries of a row's menu. */
export function listRowMenu({ row, actions, hasButtons, onShowPrompt }: RowMenuInput): MenuItem[] {
  const { generation } = row
  const isConfirmed = row.delivery === null
  return [
    ...(hasButtons ? [] : listFrequent(row, actions)),
    ...(hasButtons && countMissing(generation) > 0 ? listDownload(generation) : []),
    ...(onShowPrompt ? [{ label: 'Show prompt', icon: 'details', run: onShowPrompt } as const] : []),
    { label: 'Copy prompt', icon: 'copy', run: () => actions.copyPrompt(generation) },
    ...(isConfirmed && !hasButtons ? listElsewhereGroup(generation, actions) : []),
    ...(isConfirmed ? listFavourites(generation, actions) : []),
    ...(isConfirmed ? listRestore(generation, actions) : []),
    ...(isConfirmed
      ? [{ label: 'Delete', icon: 'bin', startsGroup: true, run: () => actions.remove(generation) } as const]
      : []),
  ]
}

/** Returns the address of a file with all of a generation's outputs; undefined if there are not several. */
export function downloadAllUrl({ id, outputs }: Generation): string | undefined {
  return outputs.filter(isVisible).length > 1 ? `/api/download?ids=${id}` : undefined
}

function listFrequent({ generation, delivery }: Row, actions: MetaActions): MenuItem[] {
  const { again } = actions
  const missing = countMissing(generation) > 0 && generation.status === 'completed'
  return [
    { label: 'Reuse', icon: 'reuse', run: () => actions.reuse(generation) },
    ...(again && delivery === null ? [{ label: 'Again', icon: 'again', run: () => again(generation) } as const] : []),
    ...(missing && delivery === null
      ? [
          {
            label: formatActionLabel('complete', generation),
            hint: generation.cost === null ? '' : 'billed anew',
            run: () => actions.runAction('complete', generation),
          },
        ]
      : []),
    ...listDownload(generation),
  ]
}

/** Lists the models of other connections, where the row has no button for them. */
function listElsewhereGroup(generation: Generation, { listElsewhere }: MetaActions): MenuItem[] {
  const items = listElsewhere?.(generation) ?? []
  return items.map(item => ({ ...item, label: `Make it with ${item.label}` }))
}

function listDownload(generation: Generation): MenuItem[] {
  const url = downloadAllUrl(generation)
  return url === undefined ? [] : [{ label: 'Download all', icon: 'download', run: () => startDownload(url) }]
}

function listFavourites(generation: Generation, { setFavourite }: MetaActions): MenuItem[] {
  const shown = generation.outputs.filter(isVisible)
  if (shown.length < 2) return []
  const others = shown.filter(({ favourite }) => !favourite)
  const setAll = (favourite: boolean) => () => {
    for (const output of favourite ? others : shown) setFavourite(generation, output.index, favourite)
  }
  if (others.length === 0) return [{ label: 'None is a favourite', icon: 'favourite', run: setAll(false) }]
  return [{ label: 'Favourite all', icon: 'favourite', run: setAll(true) }]
}

function listRestore(generation: Generation, { restoreOutput }: MetaActions): MenuItem[] {
  const deleted = generation.outputs.filter(({ state, error }) => state === 'deleted' && error === null)
  if (!restoreOutput || deleted.length === 0) return []
  const label = deleted.length === 1 ? 'Restore the deleted picture' : `Restore ${deleted.length} deleted pictures`
  const run = () => {
    for (const { index } of deleted) restoreOutput(generation, index)
  }
  return [{ label, icon: 'reuse', run }]
}
