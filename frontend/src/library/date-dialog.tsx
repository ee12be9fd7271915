import type { Timeline } from '@darkroom/contracts/history/timeline'
import { createSignal } from 'solid-js'
import type { FeedLocation } from '../store/feed-location.ts'
import { Dialog } from '../ui/dialog.tsx'
import { startOfDay } from './list-query.ts'

interface DateDialogProps {
  timeline: Timeline
  goTo: (location: FeedLocation) => void
  onClose: () => void
}

/** The dialog that moves the feed to a day. */
export default function DateDialog(props: DateDialogProps) {
  const newest = () => props.timeline.days[0]?.day ?? ''
  const oldest = () => props.timeline.days.at(-1)?.day ?? ''
  const [day, setDay] = createSignal(newest())
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    props.onClose()
    if (day() !== '') props.goTo({ at: startOfDay(day()) })
  }
  return (
    <Dialog title="Jump to date" onClose={props.onClose}>
      <form class="plain-dialog-content" onSubmit={submit}>
        <input
          type="date"
          class="date-field"
          aria-label="Date"
          required
          autofocus
          min={oldest()}
          max={newest()}
          value={day()}
          onInput={event => setDay(event.currentTarget.value)}
        />
        <div class="plain-dialog-buttons">
          <button type="submit" class="solid">
            Go there
          </button>
        </div>
      </form>
    </Dialog>
  )
}
