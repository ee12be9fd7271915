import type { WireAnswer } from '../provider-fakes/wire-faults.ts'
import { createWireJobs } from '../provider-fakes/wire-jobs.ts'
import type { WireExchange } from '../provider-fakes/wire-server.ts'
import { createRunwayError } from './refusals.ts'

/** The content of a task. */
export interface TaskContent {
  output: 'image' | 'video'
  width: number
  height: number
  seconds: number
  credits: number
  trace: string
  /** The fault that it was submitted with. */
  fault: string | null
}

/** The tasks of the fake. */
export interface FakeTasks {
  start(content: TaskContent, polls: number): string
  find(id: string): TaskContent | undefined
  get(id: string, exchange: WireExchange): WireAnswer
  delete(id: string, exchange: WireExchange): WireAnswer
}

/** The failures of tasks by the fault of their submission [D docs.dev.runwayml.com/api-details/task-failures]. */
const FAILURES: Partial<Record<string, { failure: string; failureCode: string; isCharged: boolean }>> = {
  'content-refused': {
    failure: 'Your prompt was flagged by our content moderation.',
    failureCode: 'SAFETY.INPUT.TEXT',
    isCharged: false,
  },
  'output-refused': {
    failure: 'The output was flagged by our content moderation.',
    failureCode: 'SAFETY.OUTPUT.VIDEO',
    isCharged: true,
  },
  'text-refused': {
    failure: 'Your prompt was flagged.',
    failureCode: 'INPUT_PREPROCESSING.SAFETY.TEXT',
    isCharged: false,
  },
  'asset-refused': { failure: 'The image could not be read.', failureCode: 'ASSET.INVALID', isCharged: false },
  'task-failed': { failure: 'The generation failed.', failureCode: 'INTERNAL.BAD_OUTPUT.CODE01', isCharged: false },
}

export const TASK_FAULTS = [
  ...['text-refused', 'asset-refused', 'task-failed', 'throttled', 'expired'],
  ...['cancel-charged', 'cancel-forgotten', 'finished-when-cancelled'],
]

const GONE = createRunwayError(404, 'Task not found')
const EMPTY: WireAnswer = { status: 204, body: new Uint8Array(0) }

export function createFakeTasks(): FakeTasks {
  const jobs = createWireJobs<TaskContent>()
  const deleted = new Set<string>()
  return {
    start: (content, polls) => jobs.start(crypto.randomUUID(), content, polls).id,
    find: id => jobs.find(id)?.content,
    get: (id, exchange) => {
      if (exchange.fault === 'throttled' && jobs.find(id))
        return describe(id, { status: 'THROTTLED', estimatedCost: { credits: 5 } })
      const job = deleted.has(id) || exchange.fault === 'expired' ? undefined : jobs.poll(id)
      if (!job) return GONE
      if (job.state === 'cancelled')
        return describe(id, { status: 'CANCELLED', cost: { credits: exchange.fault === 'cancel-charged' ? 3 : 0 } })
      if (job.state === 'finished') return describe(id, finish(id, job.content, exchange))
      const { credits } = job.content
      return describe(id, { status: 'RUNNING', progress: 0.5, estimatedCost: { credits } })
    },
    delete: (id, { fault, refund }) => {
      const before = jobs.find(id)
      if (!before || deleted.has(id)) return GONE
      if (fault === 'finished-when-cancelled') before.state = 'finished'
      // "Invoking this method for other tasks will delete them" [S].
      else if (before.state === 'finished' || fault === 'cancel-forgotten') deleted.add(id)
      const job = jobs.cancel(id)
      if (job?.state === 'cancelled' && fault !== 'cancel-charged') refund(job.content.trace)
      return EMPTY
    },
  }
}

function describe(id: string, fields: Record<string, unknown>): WireAnswer {
  return { status: 200, body: { id, createdAt: new Date().toISOString(), ...fields } }
}

/** Returns the fields of a task that has ended. "Fully refunded tasks report 0" [S]. */
function finish(id: string, content: TaskContent, { headers, refund }: WireExchange): Record<string, unknown> {
  const { output, credits, trace, fault } = content
  const failed = FAILURES[fault ?? '']
  if (failed) {
    const { isCharged, ...failure } = failed
    if (!isCharged) refund(trace)
    return { status: 'FAILED', ...failure, cost: { credits: isCharged ? credits : 0 } }
  }
  // The address by which the fake was reached, which may be a proxy's.
  const url = `http://${headers.host}/files/${id}.${output === 'image' ? 'png' : 'mp4'}`
  const urls = fault === 'empty-answer' ? [] : fault === 'wrong-count' ? [url, url] : [url]
  return { status: 'SUCCEEDED', output: urls, cost: { credits } }
}
