import type { Submission } from '@darkroom/contracts/generation'
import type { RejectedError } from '../request-error.ts'
import type { QueuedSubmission } from './outbox-store.ts'

/** Verbs for which a model may have an operation of its own: without the verb, something else would be made and billed. */
const BOUND_VERBS: readonly string[] = ['vary', 'upscale', 'remove-background']

/**
 * Returns a refused submission without its parent, if it was refused for that alone and makes the same without it; else undefined. The
 * parent of a generation may be removed permanently before it is sent.
 */
export function withoutLostParent(
  queued: QueuedSubmission,
  { parent }: Submission,
  { paths }: RejectedError,
): QueuedSubmission | undefined {
  if (parent === undefined || BOUND_VERBS.includes(parent.verb)) return undefined
  const isLost = paths.length > 0 && paths.every(path => path === 'parent')
  return isLost ? withoutParent(queued) : undefined
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
