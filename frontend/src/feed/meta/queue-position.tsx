import { formatQueuePosition } from './queue-words.ts'

/** The position of a generation in its provider's queue. */
export function QueuePosition(props: { position: number }) {
  return <span class="progress-rest">{formatQueuePosition(props.position)}</span>
}
