import { type CancelResult, ProviderError } from '../adapter.ts'
import type { HttpClient } from '../http/http-client.ts'
import { readJson } from '../http/read-response.ts'
import { requestStatus, toUndefinedIfUnknown } from './check-request.ts'
import { classifyFal } from './classify.ts'
import { sendQueueRequest } from './queue-request.ts'
import { parseHandle } from './request-handle.ts'
import { Cancelled, ErrorBody } from './wire.ts'

const MAX_ANSWER_BYTES = 100_000

/**
 * Cancels a request. One that is in the queue is removed, and not billed. One that a runner works on gets a signal, and its model decides:
 * whether it is billed then is not documented.
 *
 * @see PUT …/requests/{id}/cancel: 200 or 202, 400 ALREADY_COMPLETED, 404 [D]
 */
export async function cancelRequest(client: HttpClient, handle: string, signal: AbortSignal): Promise<CancelResult> {
  const parsed = parseHandle(handle, client.baseUrl)
  const before = await requestStatus(client, parsed, signal)
  if (before === undefined || before.status === 'COMPLETED') return { kind: 'too-late', billed: null }
  let isCompleted = false
  const sent = await sendQueueRequest(
    {
      ...client,
      classify: refusal => {
        isCompleted = refusal.status === 400 && isAlreadyCompleted(refusal.body)
        return classifyFal(refusal)
      },
    },
    { method: 'PUT', url: parsed.cancel, signal },
  ).catch(error => {
    if (error instanceof ProviderError && isCompleted) return undefined
    return toUndefinedIfUnknown(error)
  })
  if (sent === undefined) return { kind: 'too-late', billed: null }
  const { data } = Cancelled.safeParse(await readJson(sent.response, sent.request, MAX_ANSWER_BYTES))
  if (data?.status === 'ALREADY_COMPLETED') return { kind: 'too-late', billed: null }
  return { kind: 'cancelled', billed: before.status === 'IN_QUEUE' ? false : null }
}

function isAlreadyCompleted(body: unknown): boolean {
  const isStatus = Cancelled.safeParse(body).data?.status === 'ALREADY_COMPLETED'
  return isStatus || ErrorBody.safeParse(body).data?.detail === 'ALREADY_COMPLETED'
}
