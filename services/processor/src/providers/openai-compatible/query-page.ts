import { ProviderError } from '../adapter.ts'
import type { HttpClient } from '../http/http-client.ts'
import { readJson } from '../http/read-response.ts'
import { classifyStatus } from '../http/refusal.ts'
import { sendRequest } from '../http/send-request.ts'
import { createClassifier } from './classify-refusal.ts'

/** The answer to a free request: a document, none at this path, or something that no API answers. */
export type Page = { kind: 'json'; body: unknown; headers: Headers } | { kind: 'absent' } | { kind: 'not-api' }

const MAX_PAGE_BYTES = 20_000_000
const ABSENT: readonly number[] = [404, 405, 501]

/** Requests a page of a server, which makes and costs nothing. @throws ProviderError when it is refused, or does not arrive */
export async function queryPage(client: HttpClient, path: string, signal: AbortSignal): Promise<Page> {
  let absence: Page | undefined
  const hasKey = client.headers?.().authorization !== undefined
  const classify = createClassifier({ fields: [], hasKey })
  const request = { method: 'GET', path, signal, failureIfUnanswered: 'retryable' } as const
  try {
    const response = await sendRequest(
      {
        ...client,
        classify: refusal => {
          if (ABSENT.includes(refusal.status)) absence = { kind: isApiError(refusal.body) ? 'absent' : 'not-api' }
          return refusal.status === 404 ? classifyStatus(404, 'retryable') : classify(refusal)
        },
      },
      request,
    )
    return await readPage(response, request)
  } catch (error) {
    if (absence) return absence
    throw error
  }
}

/** Requests a list of models. A key that may not list them can still be good for making images. @throws ProviderError */
export async function queryListing(client: HttpClient, path: string, signal: AbortSignal): Promise<Page> {
  try {
    return await queryPage(client, path, signal)
  } catch (error) {
    if (error instanceof ProviderError && error.code === 'no_permission') return { kind: 'absent' }
    throw error
  }
}

/** Requests a page only to see whether it is there. Whatever else than a document comes, it is not. */
export async function findPage(client: HttpClient, path: string, signal: AbortSignal): Promise<unknown> {
  try {
    const page = await queryPage(client, path, signal)
    return page.kind === 'json' ? page.body : undefined
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof ProviderError) return undefined
    throw error
  }
}

async function readPage(response: Response, request: Parameters<typeof readJson>[1]): Promise<Page> {
  const { headers } = response
  try {
    return { kind: 'json', body: await readJson(response, request, MAX_PAGE_BYTES), headers }
  } catch (error) {
    if (error instanceof ProviderError && error.code === 'provider_misbehaved') return { kind: 'not-api' }
    throw error
  }
}

/** Returns whether an error was written by an API, or by a server of its kind: a web page is neither. */
function isApiError(body: unknown): boolean {
  return body === undefined || typeof body === 'object' || (typeof body === 'string' && !/^\s*</.test(body))
}
