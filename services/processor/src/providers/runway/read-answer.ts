import type { AnswerOptions, SavedAnswer, SubmitResult } from '../adapter.ts'
import { getTrace } from '../http/answer-headers.ts'
import { decodeText } from '../http/read-response.ts'
import { createMisbehavedError } from '../http/transport-error.ts'
import { formatHandle } from './task-handle.ts'
import { CreatedTask } from './wire.ts'

/**
 * Reads the answer to a submission: the id of a task.
 *
 * @throws ProviderError of class `unknown` where it is cut off or makes no sense: it may be made, and billed
 */
export async function readAnswer(
  answer: SavedAnswer,
  { indices, signal, onReceipt }: AnswerOptions,
): Promise<SubmitResult> {
  const trace = getTrace(await answer.headers())
  const text = (await Array.fromAsync(decodeText(answer.body(signal)))).join('')
  const task = CreatedTask.safeParse(parse(text)).data
  if (!task) throw createMisbehavedError('unknown')
  onReceipt?.({ trace: trace ?? task.id })
  return { kind: 'accepted', handle: formatHandle(task.id, indices[0] ?? 0) }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
