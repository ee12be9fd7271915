import type { Generation, Submission } from '@darkroom/contracts/generation'
import { RejectedError } from '../request-error.ts'
import type { OutboxStore, QueuedSubmission } from './outbox-store.ts'

export interface GenerateOptions {
  generate: (submission: Submission) => Promise<Generation>
  /** The submissions that the studio has not answered, by client id. */
  queue: Map<string, QueuedSubmission>
  outbox: OutboxStore
}

/** Requests a generation: without its parent if that was removed permanently meanwhile, and if that makes the same. */
export async function generateWithParent(
  queued: QueuedSubmission,
  { generate, queue, outbox }: GenerateOptions,
): Promise<Generation> {
  const submission = await queued.submission()
  try {
    return await generate(submission)
  } catch (error) {
    if (!isParentLost(error, submission)) throw error
    const orphan = withoutParent(queued)
    // Sent again it must be the same submission: its client id is that of this one now.
    queue.set(orphan.entry.generation.clientId, orphan)
    void outbox.put(orphan.entry)
    return await generate(await orphan.submission())
  }
}

/** Verbs for which a model may have an operation of its own: without the verb, something else would be made and billed. */
const BOUND_VERBS: readonly string[] = ['vary', 'upscale', 'remove-background']

/** Returns whether the studio has refused a submission for its parent alone, and what it asks for is the same without. */
function isParentLost(error: unknown, { parent }: Submission): boolean {
  if (!(error instanceof RejectedError) || parent === undefined || BOUND_VERBS.includes(parent.verb)) return false
  return error.paths.length > 0 && error.paths.every(path => path === 'parent')
}

function withoutParent({ entry, submission, onDone }: QueuedSubmission): QueuedSubmission {
  const { parent: _parent, ...rest } = entry.submission
  const orphan = { ...entry, submission: rest, generation: { ...entry.generation, parent: null } }
  const readSubmission = async () => {
    const { parent: _lost, ...left } = await submission()
    return left
  }
  return { entry: orphan, submission: readSubmission, onDone }
}
