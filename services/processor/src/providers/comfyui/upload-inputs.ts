import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { ProviderReference } from '../adapter.ts'
import type { HttpClient, HttpRequest } from '../http/http-client.ts'
import { readJson } from '../http/read-response.ts'
import { sendRequest } from '../http/send-request.ts'
import { createMisbehavedError } from '../http/transport-error.ts'
import type { UploadedInputs } from './fill-workflow.ts'

const Uploaded = z.looseObject({ name: z.string().min(1), subfolder: z.string().catch('') })

/** Folder of the input images of the studio on the server. */
const FOLDER = 'darkroom'
const MAX_BYTES = 64_000

/**
 * Uploads the input images of a request. Each is named by its content, so that the same image is one file on the server. It begins no
 * work.
 *
 * @throws ProviderError
 */
export async function uploadInputs(
  client: HttpClient,
  references: readonly ProviderReference[],
  signal: AbortSignal,
): Promise<UploadedInputs> {
  const names: { role: ProviderReference['role']; name: string }[] = []
  for (const reference of references)
    names.push({ role: reference.role, name: await upload(client, reference, signal) })
  return {
    references: names.filter(({ role }) => role !== 'mask').map(({ name }) => name),
    mask: names.find(({ role }) => role === 'mask')?.name,
  }
}

async function upload(
  client: HttpClient,
  { bytes, mimeType }: ProviderReference,
  signal: AbortSignal,
): Promise<string> {
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 40)
  const body = new FormData()
  const blob = new Blob([Uint8Array.from(bytes)], { type: mimeType })
  body.append('image', blob, `${hash}.${mimeType.slice(mimeType.indexOf('/') + 1)}`)
  body.append('type', 'input')
  body.append('subfolder', FOLDER)
  body.append('overwrite', 'true')
  const request: HttpRequest = { method: 'POST', path: '/upload/image', body, signal, failureIfUnanswered: 'retryable' }
  const { data } = Uploaded.safeParse(await readJson(await sendRequest(client, request), request, MAX_BYTES))
  if (!data) throw createMisbehavedError('retryable')
  return data.subfolder === '' ? data.name : `${data.subfolder}/${data.name}`
}
