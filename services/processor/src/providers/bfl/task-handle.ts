import { z } from 'zod'
import { MAX_HANDLE_CHARACTERS, ProviderError } from '../adapter.ts'
import { parseJson } from '../http/parse-json.ts'

/** A submitted task: the address at which it is polled, and its identifier. */
export interface TaskHandle {
  pollingUrl: string
  id: string
}

const Handle = z.strictObject({ pollingUrl: z.string(), id: z.string() })

/** Formats the handle of a task; undefined where its URL is on a host that the key is not sent to, or it is too long. */
export function formatHandle({ pollingUrl, id }: TaskHandle, baseUrl: string): string | undefined {
  const handle = JSON.stringify({ pollingUrl, id })
  return isPollingUrl(pollingUrl, baseUrl) && handle.length <= MAX_HANDLE_CHARACTERS ? handle : undefined
}

/** Parses a handle, and checks the host of its URL again. @throws ProviderError `request_unknown` */
export function parseHandle(handle: string, baseUrl: string): TaskHandle {
  const { data } = Handle.safeParse(parseJson(handle))
  if (!data || !isPollingUrl(data.pollingUrl, baseUrl)) throw new ProviderError('request_unknown')
  return data
}

/** Returns whether the key may be sent to a URL: it is on the connection's own address, or one of the regions of Black Forest Labs. */
function isPollingUrl(text: string, baseUrl: string): boolean {
  const url = URL.parse(text)
  if (url?.username !== '' || url.password !== '') return false
  if (url.origin === new URL(baseUrl).origin) return true
  return url.protocol === 'https:' && url.port === '' && url.hostname.endsWith('.bfl.ai')
}
