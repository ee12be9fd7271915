import { type Adapter, type CallOptions, ProviderError, type ProviderRequest, type RawAnswer } from '../adapter.ts'
import type { HttpClient } from '../http/http-client.ts'
import { createKeyHeaders } from '../http/key-headers.ts'
import { sendSubmission } from '../http/send-submission.ts'
import { toCheckError } from '../openai-compatible/check-server.ts'
import { classifyA1111, classifySubmission } from './classify.ts'
import { createModelSpecs, findScale } from './model-specs.ts'
import { readAnswer } from './read-answer.ts'
import { readServerLists, type ServerLists } from './server-lists.ts'
import { createSubmission, createTaskId } from './submission.ts'
import { interruptTask, watchTask } from './watch-task.ts'

export interface A1111Options {
  /** Id of the connection. */
  connection: string
  /** Address of the server: `http://192.168.1.20:7860`. */
  baseUrl: string
  /** `user:password` of the server (`--api-auth`), or the token of a proxy before it. */
  key: string | null
  fetch?: typeof fetch
  /** Time limit of a request that is answered at once, in ms; 30,000 unless given. */
  deadlineMs?: number
  /** Time limit of a submission, to the last byte of its answer, in ms; an hour unless given: the call has its own. */
  submitDeadlineMs?: number
  /** Time between two looks at the progress of a call, in ms; 1,000 unless given. */
  progressMs?: number
}

const MAX_ANSWER_BYTES = 180_000_000

/**
 * Creates the adapter of a server with the API of A1111, which Forge and SD.Next have as well. An answer has the image in it, and cannot
 * be asked for again: a lost one is made once more, which costs nothing.
 *
 * @see docs/providers/a1111.md for what is verified
 */
export function createA1111Adapter(options: A1111Options): Adapter {
  const { connection, key, fetch = globalThis.fetch, deadlineMs = 30_000 } = options
  const baseUrl = options.baseUrl.replace(/\/+$/, '').replace(/\/sdapi\/v1$/, '')
  const headers = () => createKeyHeaders(key)
  const client: HttpClient = { baseUrl, headers, fetch, deadlineMs, classify: classifyA1111 }
  return {
    connection,
    kind: 'a1111',
    submitting: {
      kind: 'remote',
      submit: (request, callOptions) => submit(client, options, request, callOptions),
      readAnswer,
      interrupt: (idempotencyKey, signal) => interruptTask(client, createTaskId(idempotencyKey), signal),
    },
    check: async () => ({ kind: 'never-seen' }),
    cancel: async () => ({ kind: 'unsupported', billed: false }),
    checkConnection: async signal => {
      try {
        return { ok: true, note: describeServer(await readServerLists(client, signal)) }
      } catch (error) {
        if (error instanceof ProviderError) return { ok: false, error: toCheckError(error, baseUrl) }
        throw error
      }
    },
    models: async signal => createModelSpecs(connection, await readServerLists(client, signal)),
  }
}

async function submit(
  client: HttpClient,
  { connection, submitDeadlineMs = 3_600_000, progressMs = 1_000 }: A1111Options,
  request: ProviderRequest,
  callOptions: CallOptions,
): Promise<RawAnswer> {
  const { idempotencyKey, signal, previews, onProgress, onPreview } = callOptions
  const taskId = createTaskId(idempotencyKey)
  const submission = createSubmission(connection, request, taskId)
  const answered = new AbortController()
  const isWatched = previews === true && findScale(connection, request.model) === undefined
  if (isWatched && (onProgress || onPreview)) {
    const task = {
      ...{ taskId, indices: request.indices, intervalMs: progressMs },
      ...(onProgress && { onProgress }),
      ...(onPreview && { onPreview }),
    }
    void watchTask(client, task, AbortSignal.any([signal, answered.signal]))
  }
  try {
    const options = { signal, deadlineMs: submitDeadlineMs, maxBytes: MAX_ANSWER_BYTES }
    return await sendSubmission({ ...client, classify: classifySubmission }, submission, options)
  } finally {
    answered.abort()
  }
}

function describeServer({ checkpoints, upscalers }: ServerLists): string {
  if (checkpoints.length === 0 && upscalers.length === 0)
    return 'It answers, and has no checkpoint. Put one into its folder of models. Checking was free.'
  return `It works: ${count(checkpoints.length, 'checkpoint')}, ${count(upscalers.length, 'upscaler')}. Checking was free.`
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
