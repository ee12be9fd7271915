import type { Generation, Submission } from '@darkroom/contracts/generation'
import { describeProblem, RejectedError, UnavailableError } from '../request-error.ts'
import type { Delivery, GenerationWindow } from './generation-window.ts'
import { addUnsent, merge, removeUnsent, setDelivery } from './merge.ts'
import type { OutboxEntry, OutboxStore, QueuedSubmission } from './outbox-store.ts'
import { createRetryTimer } from './retry-timer.ts'
import { singleFlight } from './single-flight.ts'

export interface SubmissionQueueOptions {
  current: () => GenerationWindow
  commit: (next: GenerationWindow) => void
  generate: (submission: Submission) => Promise<Generation>
  outbox: OutboxStore
  /** Runs a callback after a number of milliseconds. */
  setTimer?: (callback: () => void, ms: number) => void
}

/** Creates the queue of submissions that the studio has not answered yet. */
export function createSubmissionQueue(options: SubmissionQueueOptions) {
  const { current, commit, generate, outbox, setTimer = setTimeout } = options
  const queue = new Map<string, QueuedSubmission>()
  /** Sends a submission once, however many events announce at the same time that the studio is back. */
  const submit = singleFlight(deliver, ({ entry }) => entry.generation.clientId)
  const retryTimer = createRetryTimer({ retry: () => void retryWaiting(), setTimer })

  /** Shows a submission at once, stores it in the outbox, and sends it. */
  async function send(queued: QueuedSubmission) {
    store(queued)
    await resume(queued)
  }

  /** Resumes a submission from the outbox: shows it, and sends it unless it was refused. */
  async function resume(queued: QueuedSubmission) {
    const { generation, problem } = queued.entry
    queue.set(generation.clientId, queued)
    commit(addUnsent(current(), generation))
    if (problem === null) return await submit(queued)
    commit(setDelivery(current(), generation.clientId, { state: 'refused', problem }))
  }

  /** Sends a submission again under the same `clientId`, which is its idempotency key. */
  async function resend(key: string) {
    commit(setDelivery(current(), key, { state: 'sending' }))
    await retry(key)
  }

  async function retry(key: string) {
    const queued = queue.get(key)
    if (queued && (await outbox.isPending(key))) await submit(queued)
    else discard(key)
  }

  async function deliver(queued: QueuedSubmission) {
    try {
      const generation = await request(queued, { generate, store })
      retryTimer.reset()
      finish(queued.entry.generation.clientId, merge(current(), [generation]))
    } catch (error) {
      onFailure(queued.entry, error)
    }
  }

  function store(queued: QueuedSubmission) {
    queue.set(queued.entry.generation.clientId, queued)
    void outbox.put(queued.entry)
  }

  function onFailure(entry: OutboxEntry, error: unknown) {
    const failure = toDeliveryFailure(error)
    commit(setDelivery(current(), entry.generation.clientId, failure))
    if (failure.state === 'refused') void outbox.put({ ...entry, problem: failure.problem })
    if (error instanceof UnavailableError) retryTimer.schedule(error.retryAfterMs)
  }

  /** Sends the waiting submissions at once: the studio may be back. */
  async function sendQueued() {
    retryTimer.restart()
    await retryWaiting()
  }

  async function retryWaiting() {
    await Promise.all(listWaiting(current()).map(retry))
  }

  /** Discards a submission that has not reached the studio. */
  function discard(key: string) {
    finish(key, removeUnsent(current(), key))
  }

  function finish(key: string, next: GenerationWindow) {
    commit(next)
    queue.get(key)?.onDone()
    queue.delete(key)
    void outbox.remove(key)
  }

  return { send, resume, resend, sendQueued, discard }
}

/** Lists the keys of the submissions that wait for the studio. */
function listWaiting({ unsent }: GenerationWindow): string[] {
  return unsent.filter(row => row.delivery?.state === 'waiting').map(row => row.key)
}

interface RequestDeps extends Pick<SubmissionQueueOptions, 'generate'> {
  /** Stores a submission in place of that of the same client id: sent again, it must be the same. */
  store: (queued: QueuedSubmission) => void
}

/** Requests a generation: without its parent if that was removed permanently meanwhile, and if that makes the same. */
async function request(queued: QueuedSubmission, { generate, store }: RequestDeps): Promise<Generation> {
  const submission = await queued.submission()
  try {
    return await generate(submission)
  } catch (error) {
    const orphan = error instanceof RejectedError && (await findOrphan(queued, submission, error))
    if (!orphan) throw error
    store(orphan)
    return await generate(await orphan.submission())
  }
}

/** Loads the code only for a submission that was refused and has a parent, which is rare. */
async function findOrphan(queued: QueuedSubmission, submission: Submission, error: RejectedError) {
  if (submission.parent === undefined) return undefined
  const module = await import('./lost-parent.ts').catch(() => undefined)
  return module?.withoutLostParent(queued, submission, error)
}

type DeliveryFailure = Exclude<Delivery, { state: 'sending' }>

function toDeliveryFailure(error: unknown): DeliveryFailure {
  if (error instanceof UnavailableError) return { state: 'waiting' }
  return { state: 'refused', problem: describeProblem(error) }
}
