import type { HttpClient, HttpRequest } from '../http/http-client.ts'
import { sendRequest } from '../http/send-request.ts'

/** Sends a request about a submitted one to its URL, which was checked: it may be on another host than the client's. */
export async function sendQueueRequest(
  client: HttpClient,
  { method, url, signal }: Pick<HttpRequest, 'method' | 'signal'> & { url: string },
): Promise<{ response: Response; request: HttpRequest }> {
  const { origin, pathname, search } = new URL(url)
  const request: HttpRequest = { method, path: pathname + search, signal, failureIfUnanswered: 'retryable' }
  return { response: await sendRequest({ ...client, baseUrl: origin }, request), request }
}
