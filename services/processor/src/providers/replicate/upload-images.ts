import type { ProviderReference } from '../adapter.ts'
import type { HttpClient, HttpRequest } from '../http/http-client.ts'
import { readJson } from '../http/read-response.ts'
import { sendRequest } from '../http/send-request.ts'
import { createMisbehavedError } from '../http/transport-error.ts'
import type { UploadedImages } from './create-input.ts'
import { UploadedFile } from './wire.ts'

const MAX_ANSWER_BYTES = 64_000

/**
 * Uploads the input images of a request, which costs nothing and begins no work. Replicate deletes them after a day [U].
 *
 * @see https://replicate.com/docs/topics/predictions/input-files, and createFile in replicate-javascript lib/files.js [S]
 * @throws ProviderError
 */
export async function uploadImages(
  client: HttpClient,
  references: readonly ProviderReference[],
  signal: AbortSignal,
): Promise<UploadedImages> {
  const urls: string[] = []
  for (const reference of references) urls.push(await upload(client, reference, signal))
  return urls
}

async function upload(
  client: HttpClient,
  { bytes, mimeType, role }: ProviderReference,
  signal: AbortSignal,
): Promise<string> {
  const body = new FormData()
  const blob = new Blob([Uint8Array.from(bytes)], { type: mimeType })
  body.append('content', blob, `${role}.${mimeType.slice(mimeType.indexOf('/') + 1)}`)
  const request: HttpRequest = { method: 'POST', path: '/files', body, signal, failureIfUnanswered: 'retryable' }
  const { data } = UploadedFile.safeParse(await readJson(await sendRequest(client, request), request, MAX_ANSWER_BYTES))
  if (!data) throw createMisbehavedError('retryable')
  return data.urls.get
}
