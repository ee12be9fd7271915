import { z } from 'zod'
import type { AnswerOptions, CallOptions, ProviderRequest, RawAnswer, SavedAnswer, SubmitResult } from '../adapter.ts'
import { parseJson } from '../http/parse-json.ts'
import { decodeText } from '../http/read-response.ts'
import type { ClassifiedRefusal, Refusal } from '../http/refusal.ts'
import { sendSubmission } from '../http/send-submission.ts'
import { createMisbehavedError } from '../http/transport-error.ts'
import { isKnown } from './check-prompt.ts'
import { classifyComfyUi } from './classify.ts'
import { fillWorkflow } from './fill-workflow.ts'
import type { UsableWorkflow } from './load-workflows.ts'
import { createPromptId } from './prompt-id.ts'
import type { PromptServer } from './prompt-server.ts'
import { uploadInputs } from './upload-inputs.ts'

const Accepted = z.looseObject({ prompt_id: z.uuid() })
const MAX_ANSWER_BYTES = 4_000_000

/**
 * Submits a prompt under an id of our own. The server would take the same id twice, so it is asked first: a prompt that it has is adopted.
 *
 * @throws ProviderError
 */
export async function submitPrompt(
  server: PromptServer,
  { graph, slots }: UsableWorkflow,
  request: ProviderRequest,
  { idempotencyKey, signal }: Pick<CallOptions, 'idempotencyKey' | 'signal'>,
): Promise<RawAnswer> {
  const client = { ...server.client, classify: classifySubmission }
  const promptId = createPromptId(idempotencyKey)
  if (await isKnown(server, promptId, signal)) return { headers: {}, body: yieldJson({ prompt_id: promptId }) }
  const inputs = await uploadInputs(client, request.references, signal)
  const prompt = fillWorkflow(graph, slots, { request, inputs, promptId })
  const submission = {
    path: '/prompt',
    // The id of the client is that of the prompt: any process can follow its progress.
    body: { prompt, prompt_id: promptId, client_id: promptId, extra_data: {} },
  }
  return await sendSubmission(client, submission, { signal, maxBytes: MAX_ANSWER_BYTES })
}

/** Maps the refusal of a prompt. The route is there in every version: where it is not, a proxy has answered for a server that is away. */
function classifySubmission(refusal: Refusal): ClassifiedRefusal | undefined {
  return refusal.status === 404 ? { code: 'provider_unreachable', failure: 'retryable' } : classifyComfyUi(refusal)
}

/** Reads the answer to a prompt. @throws ProviderError of class `unknown` where it is cut off or makes no sense */
export async function readPromptAnswer(
  answer: SavedAnswer,
  { signal }: Pick<AnswerOptions, 'signal'>,
): Promise<SubmitResult> {
  await answer.headers()
  const text = (await Array.fromAsync(decodeText(answer.body(signal)))).join('')
  const { data } = Accepted.safeParse(parseJson(text))
  if (!data) throw createMisbehavedError('unknown')
  return { kind: 'accepted', handle: data.prompt_id }
}

async function* yieldJson(value: unknown): AsyncGenerator<Uint8Array, void> {
  yield new TextEncoder().encode(JSON.stringify(value))
}
