import type { Answer } from './faults.ts'
import type { Prompt } from './prompt.ts'
import type { HistoryEntry, PromptQueue } from './prompt-queue.ts'

/** Versions of the server: without `/api/jobs`, with it but without its cancel, and with both. */
export const VERSIONS = ['queue', 'jobs', 'jobs-cancel'] as const
export type Version = (typeof VERSIONS)[number]

const NOT_FOUND: Answer = { status: 404, body: '404: Not Found' }

/** Answers requests about prompts. @see comfy_execution/jobs.py and server.py of ComfyUI */
export function handleJobs(queue: PromptQueue, version: Version, method: string, url: URL): Answer | undefined {
  if (!url.pathname.startsWith('/api/jobs')) return undefined
  if (version === 'queue') return NOT_FOUND
  const [, id = '', action] = /^\/api\/jobs\/?([^/]*)(?:\/(.+))?$/.exec(url.pathname) ?? []
  if (method === 'GET' && id === '') return listJobs(queue, url.searchParams)
  if (method === 'GET' && action === undefined) return describeJob(queue, id)
  if (method === 'POST' && action === 'cancel' && version === 'jobs-cancel') return cancelJob(queue, id)
  return version === 'jobs-cancel' ? NOT_FOUND : { status: 405, body: '405: Method Not Allowed' }
}

function listJobs(queue: PromptQueue, parameters: URLSearchParams): Answer {
  const running = queue.running()
  const all = [
    ...(running ? [toJob(running, 'in_progress')] : []),
    ...queue.pending().map(prompt => toJob(prompt, 'pending')),
    ...queue.history().map(({ prompt, status }) => toJob(prompt, status === 'success' ? 'completed' : 'failed')),
  ]
  const status = parameters.get('status')
  const jobs = all.filter(job => status === null || status.split(',').includes(job.status))
  const limit = Number(parameters.get('limit') ?? 100)
  const pagination = { offset: 0, limit, total: jobs.length, has_more: jobs.length > limit }
  return { status: 200, body: { jobs: jobs.slice(0, limit), pagination } }
}

function describeJob(queue: PromptQueue, id: string): Answer {
  const running = queue.running()
  if (running?.id === id) return { status: 200, body: toJob(running, 'in_progress') }
  const waiting = queue.pending().find(prompt => prompt.id === id)
  if (waiting) return { status: 200, body: toJob(waiting, 'pending') }
  const entry = queue.find(id)
  if (!entry) return { status: 404, body: { error: 'Job not found' } }
  return { status: 200, body: { ...toEndedJob(entry), outputs: entry.outputs, execution_status: toStatus(entry) } }
}

function toEndedJob(entry: HistoryEntry) {
  const job = toJob(entry.prompt, entry.status === 'success' ? 'completed' : 'failed')
  const [, error] = toStatus(entry).messages.find(([name]) => name === 'execution_error') ?? []
  return error ? { ...job, execution_error: error } : job
}

function cancelJob(queue: PromptQueue, id: string): Answer {
  return { status: 200, body: { cancelled: queue.remove(id) || queue.interrupt(id) } }
}

function toJob({ id, number }: Prompt, status: string) {
  return { id, status, priority: number, create_time: 1_790_000_000_000 + number, update_time: 1_790_000_000_000 }
}

/** Returns the status of an entry as the history has it. */
export function toStatus({ prompt, status }: HistoryEntry): {
  status_str: string
  completed: boolean
  messages: [string, Record<string, unknown>][]
} {
  const data = { prompt_id: prompt.id, timestamp: 1_790_000_000_000 }
  const start: [string, Record<string, unknown>] = ['execution_start', data]
  if (status === 'success')
    return { status_str: 'success', completed: true, messages: [start, ['execution_success', data]] }
  if (status === 'interrupted')
    return {
      status_str: 'error',
      completed: false,
      messages: [start, ['execution_interrupted', { ...data, node_type: 'KSampler' }]],
    }
  const error = { node_type: 'KSampler', exception_message: 'CUDA out of memory', exception_type: 'OutOfMemoryError' }
  return { status_str: 'error', completed: false, messages: [start, ['execution_error', { ...data, ...error }]] }
}
