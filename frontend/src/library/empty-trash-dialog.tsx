import { Show } from 'solid-js'
import { Dialog } from '../ui/dialog.tsx'

interface EmptyTrashDialogProps {
  /** Number of generations in the trash; null while it is not known. */
  count: number | null
  onEmpty: () => void
  onClose: () => void
}

/** The confirmation before the trash is emptied. */
export default function EmptyTrashDialog(props: EmptyTrashDialogProps) {
  return (
    <Dialog title="Empty the trash?" onClose={props.onClose}>
      <p>
        <Show when={props.count !== null} fallback="Everything in it is deleted permanently.">
          {props.count === 1 ? 'One generation is' : `All ${props.count?.toLocaleString('en')} generations are`} deleted
          permanently, with {props.count === 1 ? 'its' : 'their'} pictures and videos.
        </Show>{' '}
        This cannot be undone.
      </p>
      <form method="dialog" class="plain-dialog-buttons">
        <button type="submit" class="solid" onClick={() => props.onEmpty()}>
          Delete permanently
        </button>
        <button type="submit" class="quiet" autofocus>
          Cancel
        </button>
      </form>
    </Dialog>
  )
}
