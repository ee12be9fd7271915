import type { ModelSpec } from '@darkroom/contracts/model'
import { type Adapter, type ConnectionCheck, ProviderError, type ProviderRequest, type RawAnswer } from '../adapter.ts'
import type { HttpClient } from '../http/http-client.ts'
import { createOwnAccess } from '../http/own-access.ts'
import { sendSubmission } from '../http/send-submission.ts'
import { tryCheck } from '../try-check.ts'
import { cancelRequest } from './cancel-request.ts'
import { listEndpoints } from './catalogue.ts'
import { checkRequest } from './check-request.ts'
import { classifyFal } from './classify.ts'
import { createBillReader } from './cost.ts'
import { createModelSpecs } from './model-specs.ts'
import { createPlatform, type ListedEndpoint, type Platform } from './platform.ts'
import { readSubmitAnswer } from './read-answer.ts'
import { OUTPUT_SECONDS } from './result-outputs.ts'
import { createSubmission } from './submission.ts'
import type { UnitPrice } from './unit-price.ts'

export interface FalAdapterOptions {
  /** Id of the connection. */
  connection: string
  /** Address of the queue: `https://queue.fal.run`. */
  baseUrl: string
  key: string
  fetch?: typeof fetch
  /** Time limit of a request that is answered at once, in ms; 30,000 unless given. */
  deadlineMs?: number
  /** Time limit of a submission, in ms; two minutes unless given: it has the input images in it. */
  submitDeadlineMs?: number
}

const MAX_ANSWER_BYTES = 100_000

/**
 * Creates the adapter of an account at fal. A submission is put into a queue, and answered with the URLs by which it is polled.
 *
 * @see docs/providers/fal.md for what is verified
 */
export function createFalAdapter(options: FalAdapterOptions): Adapter {
  const { connection, baseUrl, key, fetch = globalThis.fetch, deadlineMs = 30_000 } = options
  const headers = () => ({ authorization: `Key ${key}` })
  const client: HttpClient = { baseUrl, headers, fetch, deadlineMs, classify: classifyFal }
  const platform = createPlatform(client)
  const computeCost = createBillReader(platform)
  const listModels = async (signal: AbortSignal) => {
    const [prices, listed] = await Promise.all([listPrices(platform, signal), listEndpointsIfThere(platform, signal)])
    return createModelSpecs(connection, prices, listed)
  }
  return {
    connection,
    kind: 'fal',
    submitting: {
      kind: 'remote',
      submit: (request, { signal }) => submit(client, request, signal, options.submitDeadlineMs ?? 120_000),
      readAnswer: (answer, answerOptions) => readSubmitAnswer(answer, answerOptions, baseUrl),
    },
    check: (handle, signal, checkOptions) => checkRequest({ client, computeCost }, handle, signal, checkOptions),
    cancel: (handle, signal) => cancelRequest(client, handle, signal),
    checkConnection: signal => tryCheck(async () => describeCheck(await listModels(signal))),
    models: listModels,
    download: () => createOwnAccess(baseUrl),
  }
}

/**
 * Submits a request. fal is told not to run it again by itself after a failure: the studio decides that, and counts it.
 *
 * @see https://fal.ai/docs/api-reference/inference-api/common-parameters [D]
 */
async function submit(
  client: HttpClient,
  request: ProviderRequest,
  signal: AbortSignal,
  deadlineMs: number,
): Promise<RawAnswer> {
  const { endpoint, input } = createSubmission(request)
  const submission = {
    path: `/${endpoint}`,
    headers: {
      'x-fal-no-retry': '1',
      'x-fal-object-lifecycle-preference': JSON.stringify({ expiration_duration_seconds: OUTPUT_SECONDS }),
    },
    body: input,
  }
  return await sendSubmission(client, submission, { signal, deadlineMs, maxBytes: MAX_ANSWER_BYTES })
}

/** An endpoint that is old and cheap, for a check of the key where fal does not know another one any more. */
const PROBE = 'fal-ai/flux/schnell'

/** Lists prices, which only a good key may. @throws ProviderError */
async function listPrices(platform: Platform, signal: AbortSignal): Promise<Map<string, UnitPrice>> {
  try {
    return await platform.listPrices(listEndpoints(), signal)
  } catch (error) {
    if (error instanceof ProviderError && error.code === 'model_unknown')
      return await platform.listPrices([PROBE], signal)
    throw error
  }
}

/** Lists endpoints, which needs no key; undefined where fal does not: then the catalogue is taken as it is. */
async function listEndpointsIfThere(
  platform: Platform,
  signal: AbortSignal,
): Promise<Map<string, ListedEndpoint> | undefined> {
  try {
    const listed = await platform.listEndpoints(listEndpoints(), signal)
    return listed.size > 0 ? listed : undefined
  } catch (error) {
    if (error instanceof ProviderError && !signal.aborted) return undefined
    throw error
  }
}

function describeCheck({ length }: readonly ModelSpec[]): ConnectionCheck {
  if (length === 0)
    return {
      ok: true,
      note: 'The key works, but fal offers none of the models that are known here. Checking was free.',
    }
  return { ok: true, note: `It works: ${length} ${length === 1 ? 'model' : 'models'}. Checking was free.` }
}
