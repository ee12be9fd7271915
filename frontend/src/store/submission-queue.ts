import type { Generation, Submission } from '@darkroom/contracts/generation'
import { describeProblem, UnreachableError } from '../api.ts'
import type { Delivery, GenerationWindow } from './generation-window.ts'
import { addUnsent, merge, removeUnsent, setDelivery } from './merge.ts'
import type { OutboxEntry, OutboxStore } from './outbox-store.ts'

/** Something to make: what it looks like until the studio answers, and what the studio is told once its references are there. */
export interface QueuedSubmission {
  /** What is kept of it until the studio has answered. */
  entry: OutboxEntry
  submission: () => Promise<Submission>
  /** Called once the studio has answered or the order was taken back: nothing that only this page has is shown any more. */
  onDone: () => void
}

export interface SubmissionQueueOptions {
  current: () => GenerationWindow
  commit: (current: GenerationWindow) => void
  generate: (submission: Submission) => Promise<Generation>
  outbox: OutboxStore
  /** Calls something after so many milliseconds. */
  setTimer?: (work: () => void, milliseconds: number) => void
}

const INITIAL_RETRY_MS = 2_000
const MAX_RETRY_MS = 30_000

/** What was asked for and the studio has not answered for yet. */
export function createSubmissionQueue({
  current,
  commit,
  generate,
  outbox,
  setTimer = setTimeout,
}: SubmissionQueueOptions) {
  const queue = new Map<string, QueuedSubmission>()
  let retryDelay = INITIAL_RETRY_MS
  let retryState: 'when asked' | 'soon' = 'when asked'

  /** Shows an order at once, keeps it, and sends it. */
  async function send(queued: QueuedSubmission) {
    void outbox.put(queued.entry)
    await resume(queued)
  }

  /** Goes on with an order that was kept: shows it, and sends it unless it was refused. */
  async function resume(queued: QueuedSubmission) {
    const { generation, problem } = queued.entry
    queue.set(generation.clientId, queued)
    commit(addUnsent(current(), generation))
    if (problem === null) await submit(queued)
    if (problem !== null) commit(setDelivery(current(), generation.clientId, { state: 'refused', problem }))
  }

  /** Sends an order once more, under the same `clientId`: however often it arrives, it is one generation. */
  async function resend(key: string) {
    commit(setDelivery(current(), key, { state: 'sending' }))
    await retry(key)
  }

  async function retry(key: string) {
    const queued = queue.get(key)
    if (queued && (await outbox.isPending(key))) await submit(queued)
    else discard(key)
  }

  async function submit(queued: QueuedSubmission) {
    const { clientId } = queued.entry.generation
    try {
      const generation = await generate(await queued.submission())
      retryDelay = INITIAL_RETRY_MS
      removeFromQueue(clientId)
      commit(merge(current(), [generation]))
      queued.onDone()
    } catch (error) {
      const failure = toDeliveryFailure(error)
      commit(setDelivery(current(), clientId, failure))
      if (failure.state === 'refused') void outbox.put({ ...queued.entry, problem: failure.problem })
      if (failure.state === 'waiting') scheduleRetry()
    }
  }

  /** Sends what waits for the studio to be in reach. */
  async function sendQueued() {
    const waiting = current().unsent.filter(row => row.delivery?.state === 'waiting')
    await Promise.all(waiting.map(row => retry(row.key)))
  }

  /** A part of the studio may be away while events still come: nobody says then that it is back. */
  function scheduleRetry() {
    if (retryState === 'soon') return
    retryState = 'soon'
    setTimer(() => {
      retryState = 'when asked'
      void sendQueued()
    }, retryDelay)
    retryDelay = Math.min(2 * retryDelay, MAX_RETRY_MS)
  }

  /** Takes an order back that has not reached the studio. */
  function discard(key: string) {
    commit(removeUnsent(current(), key))
    queue.get(key)?.onDone()
    removeFromQueue(key)
  }

  function removeFromQueue(key: string) {
    queue.delete(key)
    void outbox.remove(key)
  }

  return { send, resume, sendAgain: resend, sendWaiting: sendQueued, takeBack: discard }
}

type DeliveryFailure = Exclude<Delivery, { state: 'sending' }>

function toDeliveryFailure(error: unknown): DeliveryFailure {
  if (error instanceof UnreachableError) return { state: 'waiting' }
  return { state: 'refused', problem: describeProblem(error) }
}
