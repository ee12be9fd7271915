import { z } from 'zod'
import { ProviderError } from '../adapter.ts'
import { parseJson } from '../http/parse-json.ts'
import { isAllowedUrl } from './addresses.ts'
import { RequestId, type Submitted } from './wire.ts'

/** A submitted request: its URLs, which lead to it without the path of its endpoint, and the outputs that were requested. */
const Handle = z.strictObject({
  id: RequestId,
  model: z.string().max(200),
  status: z.string(),
  response: z.string(),
  cancel: z.string(),
  indices: z.array(z.int().min(0).max(999)).min(1).max(20),
})
export type RequestHandle = z.infer<typeof Handle>

/** Formats the handle of a request. */
export function formatHandle(
  { request_id, status_url, response_url, cancel_url }: z.infer<typeof Submitted>,
  { model, indices }: Pick<RequestHandle, 'model' | 'indices'>,
): string {
  return JSON.stringify({
    id: request_id,
    model,
    status: status_url,
    response: response_url,
    cancel: cancel_url,
    indices,
  } satisfies RequestHandle)
}

/** Parses a handle. Its URLs are checked again: the key is sent there. @throws ProviderError `request_unknown` when it is none */
export function parseHandle(handle: string, baseUrl: string): RequestHandle {
  const { data } = Handle.safeParse(parseJson(handle))
  if (!data || ![data.status, data.response, data.cancel].every(url => isAllowedUrl(url, baseUrl)))
    throw new ProviderError('request_unknown')
  return data
}
