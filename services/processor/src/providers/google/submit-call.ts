import type { ProviderRequest, RawAnswer } from '../adapter.ts'
import type { HttpClient } from '../http/http-client.ts'
import { sendSubmission } from '../http/send-submission.ts'
import { classifyGoogle, isBackgroundRefused } from './classify.ts'
import { createGenerateContent, createInteraction, type Submission } from './image-requests.ts'
import { toProviderModel } from './model-name.ts'
import { MAX_ANSWER_BYTES } from './read-image.ts'
import { assertImagesFit } from './request-images.ts'
import { createVideoSubmission } from './video-request.ts'

/** Whether each model runs in the background, as far as it has been tried. */
export type BackgroundSupport = Map<string, boolean>

export interface SubmitCallOptions {
  signal: AbortSignal
  deadlineMs: number
  background: BackgroundSupport
}

/**
 * Submits a call with one request. Whether an image model runs in the background is [U]: it is tried once. A 400 that names the field means
 * that nothing was taken; then the same call is sent once more, to be answered at once, and so are all later ones of that model.
 */
export async function submitCall(
  client: HttpClient,
  request: ProviderRequest,
  options: SubmitCallOptions,
): Promise<RawAnswer> {
  assertImagesFit(request.references)
  if (request.kind === 'video') return await post(client, createVideoSubmission(request), options)
  const model = toProviderModel(request.model)
  if (options.background.get(model) === false) return await post(client, createGenerateContent(request), options)
  return await tryInBackground(client, request, options)
}

async function tryInBackground(
  client: HttpClient,
  request: ProviderRequest,
  options: SubmitCallOptions,
): Promise<RawAnswer> {
  const model = toProviderModel(request.model)
  let isRefused = false
  const classify: typeof classifyGoogle = refusal => {
    isRefused = isBackgroundRefused(refusal)
    return classifyGoogle(refusal)
  }
  try {
    const answer = await post({ ...client, classify }, createInteraction(request), options)
    options.background.set(model, true)
    return answer
  } catch (error) {
    if (!isRefused) throw error
    options.background.set(model, false)
    return await post(client, createGenerateContent(request), options)
  }
}

async function post(
  client: HttpClient,
  submission: Submission,
  { signal, deadlineMs }: SubmitCallOptions,
): Promise<RawAnswer> {
  return await sendSubmission(client, submission, { signal, deadlineMs, maxBytes: MAX_ANSWER_BYTES })
}
