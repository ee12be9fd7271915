import type { RawAnswer } from '../adapter.ts'
import { toAnswerHeaders } from './answer-headers.ts'
import type { HttpClient, HttpRequest } from './http-client.ts'
import { readChunks } from './read-response.ts'
import { sendRequest } from './send-request.ts'

export interface SubmissionOptions extends Pick<HttpRequest, 'signal' | 'deadlineMs'> {
  /** Longest answer, in bytes. */
  maxBytes: number
}

/** Sends the one request of a submission, which may begin work that is billed. @returns its answer, unread @throws ProviderError */
export async function sendSubmission(
  client: HttpClient,
  submission: Pick<HttpRequest, 'path' | 'headers' | 'body'>,
  { maxBytes, ...options }: SubmissionOptions,
): Promise<RawAnswer> {
  const request: HttpRequest = { ...submission, ...options, method: 'POST', failureIfUnanswered: 'unknown' }
  const response = await sendRequest(client, request)
  return { headers: toAnswerHeaders(client, response), body: readChunks(response, request, maxBytes) }
}
