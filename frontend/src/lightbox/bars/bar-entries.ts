import type { MenuItem } from '../../ui/menu.tsx'
import { BACKDROPS, formatBackdrop } from '../backdrops.ts'
import type { BarProps } from './bar-props.ts'
import { canClean, canCopyImage, download, openOriginal } from './media-files.ts'
import { divideVerbs } from './verb-entries.ts'

/** Lists the ways to download an output. */
export function listDownloads({ media }: Pick<BarProps, 'media'>): MenuItem[] {
  const asIs: MenuItem = {
    label: 'As it came',
    hint: 'with its prompt, if the model wrote it',
    run: () => download(media, 'as-is'),
  }
  return canClean(media) ? [asIs, { label: 'Without metadata', run: () => download(media, 'none') }] : [asIs]
}

/** Lists what is done to the file itself. */
function listFileEntries({ media, actions }: Pick<BarProps, 'media' | 'actions'>): MenuItem[] {
  const copy: MenuItem[] = canCopyImage(media) ? [{ label: 'Copy image', icon: 'copy', run: actions.copyImage }] : []
  return [...copy, { label: 'Open original in a new tab', icon: 'expand', run: () => openOriginal(media) }]
}

/** Lists the entries of the menu beside the buttons: the verbs that have no button, and what is done to the file. */
export function listMore(props: Pick<BarProps, 'media' | 'verbs' | 'actions'>): MenuItem[] {
  const { others } = divideVerbs(props.verbs)
  return [...others, ...startGroup(listFileEntries(props))]
}

/** Lists the entries of the phone's menu: all that has no button there. */
export function listPhoneMore(props: BarProps): MenuItem[] {
  const { frequent, others } = divideVerbs(props.verbs)
  const { media, actions, canCompare, isComparing, isTrashed, backdrop } = props
  const next = BACKDROPS[(BACKDROPS.indexOf(backdrop) + 1) % BACKDROPS.length] ?? 'black'
  const withoutMetadata: MenuItem = {
    label: 'Download without metadata',
    icon: 'download',
    run: () => download(media, 'none'),
  }
  const compare: MenuItem = {
    label: isComparing ? 'Stop comparing' : 'Compare',
    icon: 'compare',
    run: actions.toggleCompare,
  }
  return [
    ...[...frequent.slice(1), ...others],
    ...startGroup([
      ...(canCompare ? [compare] : []),
      { label: formatBackdrop(next), icon: 'paper', run: () => actions.setBackdrop(next) },
    ]),
    ...(canClean(media) ? startGroup([withoutMetadata]) : []),
    ...listFileEntries(props),
    ...(isTrashed ? [] : startGroup([{ label: 'Delete this picture', icon: 'bin', run: actions.remove }])),
  ]
}

function startGroup(items: MenuItem[]): MenuItem[] {
  return items.map((item, index) => (index === 0 ? { ...item, startsGroup: true } : item))
}
