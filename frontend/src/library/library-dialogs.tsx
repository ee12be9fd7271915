import type { Timeline } from '@darkroom/contracts/history/timeline'
import { Match, Switch } from 'solid-js'
import type { FeedLocation } from '../store/feed-location.ts'
import { lazyPart } from '../ui/lazy-part.tsx'
import type { Library } from './library-state.ts'

// Each is loaded when it is opened first.
const KeysDialog = lazyPart(() => import('../keyboard/keys-dialog.tsx'))
const DateDialog = lazyPart(() => import('./date-dialog.tsx'))
const EmptyTrashDialog = lazyPart(() => import('./empty-trash-dialog.tsx'))

interface LibraryDialogsProps {
  library: Library
  timeline: Timeline
  goTo: (location: FeedLocation) => void
  onEmptyTrash: () => void
}

/** The dialog of the library that is open, if any. */
export function LibraryDialogs(props: LibraryDialogsProps) {
  const close = () => props.library.setDialog(null)
  return (
    <Switch>
      <Match when={props.library.dialog() === 'keys'}>
        <KeysDialog onClose={close} />
      </Match>
      <Match when={props.library.dialog() === 'date'}>
        <DateDialog timeline={props.timeline} goTo={props.goTo} onClose={close} />
      </Match>
      <Match when={props.library.dialog() === 'empty-trash'}>
        <EmptyTrashDialog
          count={props.library.count()?.generations ?? null}
          onEmpty={props.onEmptyTrash}
          onClose={close}
        />
      </Match>
    </Switch>
  )
}
